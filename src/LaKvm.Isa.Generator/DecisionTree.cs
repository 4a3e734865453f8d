using System.Numerics;

namespace LaKvm.Isa.Generator;

/// <summary>
/// The decoder's decision tree. A node looks at one field of the word that tells its rows apart; an entry of its
/// branch table is another node or the row that is left (0 when none is).
/// </summary>
internal sealed class DecisionTree
{
    /// <summary>Set in a branch that is a node's number; without it the branch is a row number.</summary>
    public const int NodeFlag = 0x8000;

    // Measured: two levels for most rows, four at most, in 21 KiB.
    private const int RootWidth = 10;
    private const int MaximumWidth = 8;

    private readonly List<Row> _rows;

    /// <summary>Builds the tree; row 0 stands for "no row".</summary>
    public DecisionTree(List<Row> rows)
    {
        _rows = rows;
        IEnumerable<int> numbers = Enumerable.Range(1, rows.Count - 1);
        Build(numbers.OrderByDescending(row => BitOperations.PopCount(rows[row].Mask)).ToList(), seen: 0);
    }

    /// <summary>Per node: lowest bit of the field (bits 4:0), its width (9:5), base of its branches (31:10).</summary>
    public List<uint> Nodes { get; } = [];

    /// <summary>The branch tables of all nodes.</summary>
    public List<ushort> Branches { get; } = [];

    /// <summary>Adds the node for <paramref name="rows"/>, most specific first, and returns its branch.</summary>
    /// <param name="rows">The rows that agree with the bits seen so far.</param>
    /// <param name="seen">The bits of the word that the path has looked at.</param>
    private ushort Build(List<int> rows, uint seen)
    {
        uint field = rows.Count > 1 ? ChooseField(rows, seen) : 0;
        if (field == 0)
        {
            // One row is left, or the rows nest (csrrd within csrxchg): the most specific one stands for the word.
            return rows.Count == 0 ? (ushort)0 : (ushort)rows[0];
        }

        int shift = BitOperations.TrailingZeroCount(field);
        int width = BitOperations.PopCount(field);
        int node = Nodes.Count;
        int start = Branches.Count;
        Nodes.Add((uint)(shift | width << 5 | start << 10));
        Branches.AddRange(new ushort[1 << width]);
        for (uint value = 0; value < 1u << width; value++)
        {
            List<int> matching = rows.Where(row => Agrees(_rows[row], field, value << shift)).ToList();
            Branches[start + (int)value] = Build(matching, seen | field);
        }

        return (ushort)(node | NodeFlag);
    }

    private static bool Agrees(Row row, uint field, uint bits) => (row.Word & row.Mask & field) == (bits & row.Mask);

    /// <summary>
    /// The topmost run of unseen bits that tell any of the rows apart. A row that leaves some of them to an operand
    /// stands in several branches, which costs space and saves levels.
    /// </summary>
    private uint ChooseField(List<int> rows, uint seen)
    {
        uint any = rows.Aggregate(0u, (mask, row) => mask | (_rows[row].Mask & ~seen));
        int width = seen == 0 ? RootWidth : MaximumWidth;
        if (any == 0)
        {
            return 0;
        }

        int top = BitOperations.Log2(any);
        int run = Math.Min(width, BitOperations.LeadingZeroCount(~(any << (31 - top))));
        return ((1u << run) - 1) << (top - run + 1);
    }
}
