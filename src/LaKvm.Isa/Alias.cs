namespace LaKvm.Isa;

/// <summary>
/// A shorter way to write special words of a row. The disassembler prints the first one that fits; the assembler
/// knows them all.
/// </summary>
/// <param name="Mnemonic">The alias.</param>
/// <param name="Opcode">The row.</param>
/// <param name="Word">The row's word with the fixed operands filled in.</param>
/// <param name="Operands">The row's operands that are written, in the alias' order.</param>
/// <param name="IsPrinted">Whether llvm-objdump prints the alias (and not the row's own form).</param>
internal sealed record Alias(string Mnemonic, Opcode Opcode, uint Word, int[] Operands, bool IsPrinted)
{
    /// <summary>All aliases.</summary>
    public static readonly Alias[] All =
    [
        new("nop", Opcode.Andi, 0x03400000, [], true),
        new("move", Opcode.Or, 0x00150000, [0, 1], true),
        new("ret", Opcode.Jirl, 0x4c000020, [], true),
        new("jr", Opcode.Jirl, 0x4c000000, [1], true),
        new("bgt", Opcode.Blt, 0x60000000, [1, 0, 2], false),
        new("ble", Opcode.Bge, 0x64000000, [1, 0, 2], false),
        new("bgtu", Opcode.Bltu, 0x68000000, [1, 0, 2], false),
        new("bleu", Opcode.Bgeu, 0x6c000000, [1, 0, 2], false),
        new("bltz", Opcode.Blt, 0x60000000, [0, 2], false),
        new("bgez", Opcode.Bge, 0x64000000, [0, 2], false),
        new("bgtz", Opcode.Blt, 0x60000000, [1, 2], false),
        new("blez", Opcode.Bge, 0x64000000, [1, 2], false),
    ];

    /// <summary>The alias that is printed for a word of <paramref name="opcode"/>, or null.</summary>
    public static Alias? Find(Opcode opcode, uint word)
    {
        // Only two groups of rows have printed aliases; the test keeps the disassembly of all others fast.
        if (opcode is not (Opcode.Andi or Opcode.Or or Opcode.Jirl))
        {
            return null;
        }

        return Array.Find(All, alias => alias.IsPrinted && alias.Opcode == opcode && alias.Matches(word));
    }

    private bool Matches(uint word)
    {
        uint free = Operands.Aggregate(0u, (mask, index) => mask | Opcode.Info().OperandAt(index).Mask);
        return (word & ~free) == Word;
    }
}
