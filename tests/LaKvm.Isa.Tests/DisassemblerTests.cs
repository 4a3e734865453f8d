namespace LaKvm.Isa.Tests;

/// <summary>The disassembler against recorded output of LLVM (Data, record.sh).</summary>
public class DisassemblerTests
{
    [Theory]
    [InlineData("rows.txt")]
    [InlineData("program.txt")]
    public void Text_is_what_llvm_prints(string file)
    {
        foreach ((uint word, string text) in RepositoryFiles.Recorded(file))
        {
            Disassembler.Format(word).Replace('\t', ' ').Should().Be(text, $"word {word:x8}");
        }
    }

    [Fact]
    public void Every_row_that_llvm_knows_is_recorded_with_every_operand_bit_0_and_1()
    {
        ILookup<Opcode, uint> words =
            RepositoryFiles.Recorded("rows.txt").Select(line => line.Word).ToLookup(Decoder.Find);

        foreach (OpcodeInfo row in Rows.All)
        {
            if (Rows.UnknownToLlvm.ContainsKey(row.Opcode))
            {
                words[row.Opcode].Should().BeEmpty($"{row.Mnemonic} is exempt because LLVM lacks it");
                continue;
            }

            words[row.Opcode].Should().NotBeEmpty(row.Mnemonic);
            uint seenAs1 = words[row.Opcode].Aggregate(0u, (bits, word) => bits | word);
            uint seenAs0 = words[row.Opcode].Aggregate(0u, (bits, word) => bits | ~word);
            (seenAs1 & seenAs0).Should().Be(~row.Mask, row.Mnemonic);
        }
    }

    [Theory]
    [InlineData(0x03400000u, "andi\t$zero, $zero, 0")]
    [InlineData(0x001500a4u, "or\t$a0, $a1, $zero")]
    [InlineData(0x4c000020u, "jirl\t$zero, $ra, 0")]
    public void Aliases_can_be_switched_off(uint word, string text)
    {
        Disassembler.Format(word, DisassemblyStyle.NoAliases).Should().Be(text);
    }

    [Fact]
    public void Registers_can_be_numeric()
    {
        Disassembler.Format(Assembler.Encode("fld.d $ft0, $fp, -8"), DisassemblyStyle.NumericRegisters)
            .Should().Be("fld.d\t$f8, $r22, -8");
    }

    [Fact]
    public void Word_that_is_no_instruction_is_unknown()
    {
        Disassembler.Format(0xffffffff).Should().Be("<unknown>");
        Disassembler.Format(0).Should().Be("<unknown>");
    }
}
