using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Accesses of a block that have the same registers as address, unchanged between them, and lie near each other: one
/// look into the software TLB can answer for all of them.
/// </summary>
internal sealed class AccessPlan
{
    /// <summary>Groups of a block at most.</summary>
    public const int Capacity = 8;

    /// <summary>
    /// Bytes that a group spans at most: the longer, the more often it would cross the end of a page.
    /// </summary>
    private const int Span = 512;

    private const int None = -1, NoIndex = -1;

    private readonly Group[] _groups = new Group[Capacity];
    private readonly sbyte[] _groupOf = new sbyte[CodeRegion.Capacity];
    private int _count;
    private int _start;

    /// <summary>Looks for groups in the block from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public void Plan(CodeRegion region, int start, int end)
    {
        _start = start;
        _count = 0;
        uint open = 0;
        for (int at = start; at < end; at += 4)
        {
            ref readonly Instruction i = ref region[at];
            OpcodeInfo info = i.Opcode.Info();
            bool isAccess = IsAccess(info);
            _groupOf[(at - start) >> 2] = None;
            if (isAccess)
            {
                open = Join(i, info, at, open);
            }
            else if (!IsPlain(info))
            {
                open = 0;
                continue;
            }

            if (info.GprWrites != 0)
            {
                open = Close(open, i.D);
            }
        }
    }

    /// <summary>Whether the block has accesses that may be in groups.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>The group of an access; false if it is alone.</summary>
    public bool TryGet(int offset, out int number, out Group group)
    {
        number = _groupOf[(offset - _start) >> 2];
        group = number == None ? default : _groups[number];
        return number != None && group.First != group.Last;
    }

    /// <summary>Whether a group has accesses behind <paramref name="offset"/>.</summary>
    public bool GoesOn(int number, int offset) => _groups[number].Last > offset;

    private static bool IsAccess(OpcodeInfo info) =>
        info.Access is AccessKind.Load or AccessKind.Store && !info.IsBoundChecked;

    /// <summary>Whether an instruction leaves alone what the accesses around it keep.</summary>
    private static bool IsPlain(OpcodeInfo info) => info.Unit != Unit.None
        || info.Opcode is Opcode.AddW or Opcode.AddD or Opcode.SubW or Opcode.SubD or Opcode.Slt or Opcode.Sltu
            or Opcode.Maskeqz or Opcode.Masknez or Opcode.Nor or Opcode.And or Opcode.Or or Opcode.Xor or Opcode.Orn
                or Opcode.Andn
            or Opcode.SllW or Opcode.SrlW or Opcode.SraW or Opcode.SllD or Opcode.SrlD or Opcode.SraD or Opcode.AlslD
            or Opcode.SlliW or Opcode.SlliD or Opcode.SrliW or Opcode.SrliD or Opcode.SraiW or Opcode.SraiD
            or Opcode.Slti or Opcode.Sltui or Opcode.AddiW or Opcode.AddiD or Opcode.Lu52iD or Opcode.Andi or Opcode.Ori
                or Opcode.Xori
            or Opcode.Addu16iD or Opcode.Lu12iW or Opcode.Lu32iD
            or Opcode.Pcaddi or Opcode.Pcalau12i or Opcode.Pcaddu12i or Opcode.Pcaddu18i or Opcode.Preld
                or Opcode.Preldx;

    /// <summary>Adds an access to the open group that has its registers, or to a new one.</summary>
    private uint Join(in Instruction i, OpcodeInfo info, int at, uint open)
    {
        bool isIndexed = info.IsIndexed, isStore = info.Access == AccessKind.Store;
        int index = isIndexed ? i.K : NoIndex, low = isIndexed ? 0 : i.Imm, high = low + info.AccessSize;
        for (int n = 0; n < _count; n++)
        {
            ref Group group = ref _groups[n];
            if ((open >> n & 1) == 0 || group.Base != i.J || group.Index != index)
            {
                continue;
            }

            int newLow = Math.Min(low, group.Low), newHigh = Math.Max(high, group.High);
            if (newHigh - newLow > Span)
            {
                open &= ~(1u << n);
                continue;
            }

            group = new(group.Base, group.Index, newLow, newHigh, group.Reads || !isStore, group.Writes
                || isStore, group.First, at);
            _groupOf[(at - _start) >> 2] = (sbyte)n;
            return open;
        }

        if (_count == Capacity)
        {
            return open;
        }

        _groups[_count] = new(i.J, index, low, high, !isStore, isStore, at, at);
        _groupOf[(at - _start) >> 2] = (sbyte)_count;
        return open | 1u << _count++;
    }

    private uint Close(uint open, int register)
    {
        for (int n = 0; n < _count; n++)
        {
            if (_groups[n].Base == register || _groups[n].Index == register)
            {
                open &= ~(1u << n);
            }
        }

        return open;
    }

    /// <summary>
    /// Accesses between <see cref="Low"/> and <see cref="High"/>, from an address of one register or two.
    /// </summary>
    internal readonly record struct Group(
        int Base, int Index, int Low, int High, bool Reads, bool Writes, int First, int Last);
}
