using System.Runtime.CompilerServices;

namespace LaKvm.Isa.Tests;

public class DecoderTests
{
    [Fact]
    public void Instruction_is_16_bytes()
    {
        Unsafe.SizeOf<Instruction>().Should().Be(16);
    }

    [Fact]
    public void Words_of_a_row_decode_to_it()
    {
        Random random = new(1);
        foreach (OpcodeInfo row in Rows.All)
        {
            for (int i = 0; i < 50; i++)
            {
                uint word = row.RandomWord(random);
                Instruction instruction = Decoder.Decode(word);

                instruction.Opcode.Should().Be(row.Opcode);
                instruction.Word.Should().Be(word);
            }
        }
    }

    [Fact]
    public void Random_words_decode_to_the_row_that_matches_them()
    {
        Random random = new(2);
        for (int i = 0; i < 20_000; i++)
        {
            uint word = (uint)random.NextInt64();

            Decoder.Find(word).Should().Be(MatchByList(word), $"word {word:x8}");
        }
    }

    [Fact]
    public void Words_one_bit_away_from_a_row_decode_to_the_row_that_matches_them()
    {
        foreach (OpcodeInfo row in Rows.All)
        {
            for (int bit = 0; bit < 32; bit++)
            {
                uint word = row.Word ^ 1u << bit;

                Decoder.Find(word).Should().Be(MatchByList(word), $"word {word:x8}");
            }
        }
    }

    [Theory]
    [InlineData(0x02bffc0cu, Opcode.AddiW, 12, 0, -1)] // addi.w $t0, $zero, -1
    [InlineData(0x53fff3ffu, Opcode.B, 31, 31, -16)] // b -16: two fields
    [InlineData(0x43ffe49fu, Opcode.Beqz, 31, 4, -28)] // beqz $a0, -28
    [InlineData(0x002d18a4u, Opcode.AlslD, 4, 5, 3)] // alsl.d $a0, $a1, $a2, 3: biased
    [InlineData(0x27fffca4u, Opcode.StptrD, 4, 5, -4)] // stptr.d $a0, $a1, -4: scaled
    [InlineData(0x06000888u, Opcode.Cacop, 8, 4, 2)] // cacop 8, $a0, 2: the code is in D
    [InlineData(0x73ffff61u, Opcode.Invalid, 1, 27, 0)]
    [InlineData(0x73e3ff61u, Opcode.Vldi, 1, 27, -5)] // vldi $vr1, -5
    public void Immediate_is_extended_scaled_and_biased(uint word, Opcode opcode, byte d, byte j, int imm)
    {
        Instruction instruction = Decoder.Decode(word);

        (instruction.Opcode, instruction.D, instruction.J, instruction.Imm).Should().Be((opcode, d, j, imm));
    }

    [Theory]
    [InlineData("bstrins.d $a0, $a1, 40, 3", 40, 3)]
    [InlineData("vstelm.h $vr0, $a0, -4, 3", -4, 3)]
    [InlineData("armslli.w $a0, 17, 5", 17, 5)]
    [InlineData("x86settag $a0, 3, 200", 3, 200)]
    public void Second_immediate_is_in_A(string text, int first, byte second)
    {
        Instruction instruction = Decoder.Decode(Assembler.Encode(text));

        (instruction.Imm, instruction.A).Should().Be((first, second));
    }

    [Theory]
    [InlineData(0, Opcode.Csrrd)]
    [InlineData(1, Opcode.Csrwr)]
    [InlineData(2, Opcode.Csrxchg)]
    [InlineData(31, Opcode.Csrxchg)]
    public void Csr_access_is_three_rows_told_apart_by_rj(uint rj, Opcode opcode)
    {
        Decoder.Find(0x04000004 | rj << 5).Should().Be(opcode);
        Decoder.Find(0x05000004 | rj << 5).ToString().Should().Be("G" + opcode.ToString().ToLowerInvariant());
    }

    [Fact]
    public void Atomic_operation_whose_rd_is_rj_is_invalid()
    {
        uint word = Opcode.AmaddW.Info().Word | 7 << 10; // rk

        Decoder.Find(word | 5 << 5 | 4).Should().Be(Opcode.AmaddW);
        Decoder.Find(word | 4 << 5 | 4).Should().Be(Opcode.Invalid, "the manual demands INE (vol. 1, 2.2.7.1)");
        Decoder.Find(Assembler.Encode("amswap.w $zero, $ra, $zero")).Should().Be(Opcode.Invalid, "compilers trap so");
        Decoder.Find(word | 5 << 5 | 7).Should().Be(Opcode.AmaddW, "rd = rk only makes the result uncertain");
    }

    /// <summary>The row of a word by looking at all of them: the definition that the decision tree must meet.</summary>
    private static Opcode MatchByList(uint word) =>
        Rows.All.Where(row => (word & row.Mask) == row.Word && !IsForbidden(row, word))
            .Select(row => row.Opcode).SingleOrDefault();

    private static bool IsForbidden(OpcodeInfo row, uint word)
    {
        uint rj = word >> 5 & 31;
        return (row.Mnemonic.StartsWith("am", StringComparison.Ordinal) && rj == (word & 31))
            || (row.Opcode is Opcode.Csrxchg or Opcode.Gcsrxchg && rj < 2);
    }
}
