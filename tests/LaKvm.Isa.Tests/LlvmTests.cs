namespace LaKvm.Isa.Tests;

/// <summary>Table, disassembler and assembler against a running llvm-mc, on words that nobody recorded.</summary>
[Trait("Category", "Slow")]
public class LlvmTests
{
    /// <summary>Instructions that LLVM 19 knows and the table leaves out.</summary>
    private static readonly string[] NotOfTheLa464 =
    [
        // LoongArch v1.10, first in the LA664.
        "sc.q", "llacq.w", "llacq.d", "screl.w", "screl.d",
        "amcas.b", "amcas.h", "amcas.w", "amcas.d", "amcas_db.b", "amcas_db.h", "amcas_db.w", "amcas_db.d",
        "amswap.b", "amswap.h", "amswap_db.b", "amswap_db.h", "amadd.b", "amadd.h", "amadd_db.b", "amadd_db.h",
        "frecipe.s", "frecipe.d", "frsqrte.s", "frsqrte.d", "vfrecipe.s", "vfrecipe.d", "vfrsqrte.s", "vfrsqrte.d",
        "xvfrecipe.s", "xvfrecipe.d", "xvfrsqrte.s", "xvfrsqrte.d",

        // Not in the public opcode lists, and no public text says what it does.
        "xvhseli.d",
    ];

    [LlvmFact]
    public void Random_operands_of_every_row_print_as_llvm_prints_them()
    {
        Random random = new();
        uint[] words = Rows.All.Where(row => !Rows.UnknownToLlvm.ContainsKey(row.Opcode))
            .SelectMany(row => Enumerable.Range(0, 20).Select(_ => row.RandomWord(random))).ToArray();

        string?[] expected = Llvm.Disassemble(words);

        words.Select(word => Disassembler.Format(word).Replace('\t', ' ')).Should().Equal(expected!);
    }

    [LlvmFact]
    public void Random_words_are_instructions_exactly_when_llvm_says_so()
    {
        Random random = new();
        uint[] words = Enumerable.Range(0, 2_000_000).Select(_ => (uint)random.NextInt64()).ToArray();

        string?[] texts = Llvm.Disassemble(words);

        words.Zip(texts).Where(Differs).Should().BeEmpty();
    }

    [LlvmFact]
    public void Words_two_bits_away_from_a_row_are_instructions_exactly_when_llvm_says_so()
    {
        Random random = new();
        uint[] words = Rows.All
            .SelectMany(row => Enumerable.Range(0, 200).Select(_ => row.RandomWord(random)))
            .Select(word => word ^ 1u << random.Next(32) ^ 1u << random.Next(32))
            .ToArray();

        string?[] texts = Llvm.Disassemble(words);

        words.Zip(texts).Where(Differs).Should().BeEmpty();
    }

    [LlvmFact]
    public void Disassembly_assembles_in_llvm_to_the_same_words()
    {
        Random random = new();
        uint[] words = Rows.All.Where(row => !Rows.UnknownToLlvm.ContainsKey(row.Opcode) && !IsRejectedByLlvm(row))
            .SelectMany(row => Enumerable.Range(0, 5).Select(_ => row.RandomWord(random))).ToArray();

        Llvm.Assemble(string.Join('\n', words.Select(word => Disassembler.Format(word)))).Should().Equal(words);
    }

    [LlvmFact]
    public void Immediate_loads_expand_as_in_llvm()
    {
        Random random = new();
        string[] lines = Enumerable.Range(0, 20_000).Select(_ => $"li.d $a0, {Sparse(random)}")
            .Concat(Enumerable.Range(0, 5_000).Select(_ => $"li.w $a0, {(int)Sparse(random)}")).ToArray();

        string source = string.Join('\n', lines);
        byte[] bytes = Assembler.Assemble(source).BytesOrThrow();

        bytes.Chunk(4).Select(word => BitConverter.ToUInt32(word)).Should().Equal(Llvm.Assemble(source));
    }

    private static bool Differs((uint Word, string? Text) line)
    {
        (uint word, string? text) = line;
        Opcode opcode = Decoder.Find(word);
        if (text == null)
        {
            return opcode != Opcode.Invalid && !Rows.UnknownToLlvm.ContainsKey(opcode);
        }

        string mnemonic = text.Split(' ')[0];
        if (NotOfTheLa464.Contains(mnemonic))
        {
            return opcode != Opcode.Invalid;
        }

        // AM words with rd = rj have a text but raise INE.
        bool raisesIne = mnemonic.StartsWith("am", StringComparison.Ordinal) && (word & 31) == (word >> 5 & 31);
        return (opcode == Opcode.Invalid) != raisesIne || Disassembler.Format(word).Replace('\t', ' ') != text;
    }

    /// <summary>LLVM's assembler refuses operands that its disassembler prints: rd = rk, msb below lsb.</summary>
    private static bool IsRejectedByLlvm(OpcodeInfo row) =>
        row.Mnemonic.StartsWith("am", StringComparison.Ordinal)
        || row.Mnemonic.StartsWith("bstr", StringComparison.Ordinal);

    /// <summary>Numbers with runs of equal bits, of which parts of an immediate load are superfluous.</summary>
    private static long Sparse(Random random)
    {
        long value = random.NextInt64(long.MinValue, long.MaxValue);
        int[] cuts = [12, 20, 32, 52, 63, 64];
        foreach (int bits in cuts)
        {
            value = random.Next(4) switch
            {
                0 => value << (64 - bits) >> (64 - bits),
                1 => value & ~((bits == 64 ? -1L : (1L << bits) - 1) >> 12),
                _ => value,
            };
        }

        return value;
    }
}
