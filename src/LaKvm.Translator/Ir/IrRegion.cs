using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// The intermediate form of a region: a node for each of its instructions, in blocks. Passes are functions over it;
/// they change nodes where they are.
/// </summary>
internal sealed class IrRegion
{
    private readonly Node[] _nodes = new Node[CodeRegion.Capacity];
    private readonly List<IrBlock> _blocks = [];
    private readonly List<AccessGroup> _groups = [];

    /// <summary>Offset of the first instruction in its page.</summary>
    public int Start { get; private set; }

    /// <summary>Offset behind the last instruction.</summary>
    public int End { get; private set; }

    /// <summary>The blocks, in order.</summary>
    public List<IrBlock> Blocks => _blocks;

    /// <summary>Which guest registers live in host registers.</summary>
    public RegisterAssignment Registers { get; } = new();

    /// <summary>Whether branches are left to their handlers, which count them.</summary>
    public bool CountsBranches { get; set; }

    /// <summary>The groups of accesses, by the numbers that nodes have.</summary>
    public List<AccessGroup> Groups => _groups;

    /// <summary>The node of the instruction at an offset.</summary>
    public ref Node this[int offset] => ref _nodes[(offset - Start) >> 2];

    /// <summary>The nodes of a block.</summary>
    public Span<Node> this[IrBlock block] => _nodes.AsSpan((block.Start - Start) >> 2, block.Length);

    /// <summary>Whether a branch to <paramref name="offset"/> stays in the region.</summary>
    public bool IsInside(int offset) => offset >= Start && offset < End;

    /// <summary>Makes this the form of a region.</summary>
    public void Build(CodeRegion region)
    {
        Start = region.Start;
        End = region.End;
        _blocks.Clear();
        _groups.Clear();
        for (int at = Start; at < End; at += 4)
        {
            this[at] = NodeOf(region[at]);
        }

        for (int start = Start, end; start < End; start = end)
        {
            end = region.EndOfBlock(start);
            _blocks.Add(new(start, end, Copies: 1));
        }
    }

    /// <summary>An instruction with what the table says of it.</summary>
    public static Node NodeOf(in Instruction i)
    {
        OpcodeInfo info = i.Opcode.Info();
        uint reads = Slots(info.GprReads, i);
        return new()
        {
            Instruction = i,
            Reads = reads,
            Whole = reads,
            Writes = Slots(info.GprWrites, i),
            Group = AccessGroups.None,
            Words = 1,
        };
    }

    /// <summary>The registers in operand slots: bit 0 is D, 1 J, 2 K.</summary>
    private static uint Slots(int slots, in Instruction i) =>
        ((uint)(slots & 1) << i.D | (uint)(slots >> 1 & 1) << i.J | (uint)(slots >> 2 & 1) << i.K) & ~1u;
}

/// <summary>A block of a region: what only its beginning leads into.</summary>
/// <param name="Start">Offset of its first instruction in the page.</param>
/// <param name="End">Offset behind its last instruction.</param>
/// <param name="Copies">How often it is emitted in a row.</param>
internal readonly record struct IrBlock(int Start, int End, int Copies)
{
    /// <summary>Whether it has accesses in groups.</summary>
    public bool HasGroups { get; init; }

    /// <summary>How many instructions it has.</summary>
    public int Length => (End - Start) >> 2;
}
