using System.Numerics;

namespace LaKvm.Isa.Generator;

/// <summary>
/// Words whose disassembly is recorded as test data: two per row, whose operand bits are each other's complement, so
/// that every operand bit is seen as 0 and as 1.
/// </summary>
internal static class SampleWords
{
    /// <summary>The words of all rows; the same table always gives the same words.</summary>
    public static IEnumerable<uint> Of(List<Row> rows) => rows.SelectMany(row => Pair(row));

    private static IEnumerable<uint> Pair(Row row)
    {
        // The word itself seeds the pattern, so that adding a row leaves the others' samples alone.
        uint pattern = BitOperations.RotateLeft(row.Word * 0x9e3779b1u ^ 0x5bd1e995u, 13) * 0x85ebca6bu;
        while (IsForbidden(row, pattern) || IsForbidden(row, ~pattern))
        {
            pattern = BitOperations.RotateLeft(pattern * 0x85ebca6bu + 1, 7);
        }

        yield return row.Word | (pattern & ~row.Mask);
        yield return row.Word | (~pattern & ~row.Mask);
    }

    private static bool IsForbidden(Row row, uint pattern)
    {
        uint rd = pattern & 31;
        uint rj = pattern >> 5 & 31;
        return (row.Flags.Contains("RdNotRj") && rd == rj) || (row.Flags.Contains("RjFrom2") && rj < 2);
    }
}
