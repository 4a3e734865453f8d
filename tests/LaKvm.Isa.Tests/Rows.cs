namespace LaKvm.Isa.Tests;

/// <summary>The rows of the table, for tests that go over all of them.</summary>
internal static class Rows
{
    public static readonly OpcodeInfo[] All =
        Enumerable.Range(1, OpcodeTable.Count - 1).Select(row => ((Opcode)row).Info()).ToArray();

    /// <summary>Rows that LLVM 19 does not know, with the reason why LaKvm has them.</summary>
    public static readonly Dictionary<Opcode, string> UnknownToLlvm = new()
    {
        [Opcode.Gtlbclr] = "LVZ: LLVM has gtlbflush only of the gtlb instructions",
        [Opcode.Gtlbsrch] = "LVZ: as gtlbclr",
        [Opcode.Gtlbrd] = "LVZ: as gtlbclr",
        [Opcode.Gtlbwr] = "LVZ: as gtlbclr",
        [Opcode.Gtlbfill] = "LVZ: as gtlbclr",
    };

    /// <summary>A word of the row with random operands; not one that the row forbids.</summary>
    public static uint RandomWord(this OpcodeInfo row, Random random)
    {
        while (true)
        {
            uint word = row.Word | ((uint)random.NextInt64() & ~row.Mask);
            if (Decoder.Find(word) == row.Opcode)
            {
                return word;
            }
        }
    }

    public static IEnumerable<Operand> Operands(this OpcodeInfo row) =>
        Enumerable.Range(0, row.OperandCount).Select(row.OperandAt);
}
