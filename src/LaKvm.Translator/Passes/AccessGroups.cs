using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Finds accesses of a block that have the same registers as address, unchanged between them, and lie near each other:
/// one look into the software TLB can answer for all of them.
/// </summary>
internal static class AccessGroups
{
    /// <summary>Groups of a block at most.</summary>
    public const int Capacity = 8;

    /// <summary>The group of what is in none.</summary>
    public const sbyte None = -1;

    /// <summary>The index register of an address that has none.</summary>
    public const int NoIndex = -1;

    /// <summary>
    /// Bytes that a group spans at most: the longer, the more often it would cross the end of a page.
    /// </summary>
    private const int Span = 512;

    /// <summary>Runs over a region.</summary>
    public static void Run(IrRegion region, IHostTraits host)
    {
        for (int n = 0; n < region.Blocks.Count; n++)
        {
            bool hasGroups = Find(region, region.Blocks[n], host);
            region.Blocks[n] = region.Blocks[n] with { HasGroups = hasGroups };
        }
    }

    private static bool Find(IrRegion region, IrBlock block, IHostTraits host)
    {
        var groups = new Finder(region, host);
        for (int at = block.Start; at < block.End; at += 4)
        {
            groups.Take(ref region[at], at);
        }

        bool hasGroups = false;
        foreach (ref Node node in region[block])
        {
            bool isShared = node.Group != None && region.Groups[node.Group].IsShared;
            node.Group = isShared ? node.Group : None;
            hasGroups |= isShared;
        }

        return hasGroups;
    }

    /// <summary>Whether an instruction is a load or store that can be in a group.</summary>
    private static bool IsAccess(in OpcodeInfo info) =>
        info.Access is AccessKind.Load or AccessKind.Store && !info.IsBoundChecked;

    /// <summary>Whether an instruction leaves alone what the accesses around it keep.</summary>
    private static bool IsNeutral(in Node node)
    {
        OpcodeInfo info = node.Info;
        return node.IsPure || info.Unit != Unit.None
            || (info.Access == AccessKind.None && !info.IsPrivileged && !info.EndsBlock && info.GprWrites == 0);
    }

    /// <summary>The groups of a block that an access can still join.</summary>
    private ref struct Finder(IrRegion region, IHostTraits host)
    {
        private readonly List<AccessGroup> _groups = region.Groups;
        private readonly int _first = region.Groups.Count;
        private uint _open;

        public void Take(ref Node node, int at)
        {
            OpcodeInfo info = node.Info;
            if (IsAccess(info) && host.MakesAccess(node))
            {
                Join(ref node, info, at);
            }
            else if (info.Access != AccessKind.None || !IsNeutral(node))
            {
                _open = 0;
                return;
            }

            Close(node);
        }

        /// <summary>Adds an access to the open group that has its registers, or to a new one.</summary>
        private void Join(ref Node node, in OpcodeInfo info, int at)
        {
            ref readonly Instruction i = ref node.Instruction;
            bool isStore = info.Access == AccessKind.Store;
            int index = info.IsIndexed ? i.K : NoIndex, low = info.IsIndexed ? 0 : i.Imm;
            var access = new AccessGroup(
                _groups.Count - _first, i.J, index, low, low + info.AccessSize, !isStore, isStore, at, at);
            for (int n = _first; n < _groups.Count; n++)
            {
                if (IsOpen(n) && _groups[n].HasAddressOf(access) && TryExtend(n, access))
                {
                    node.Group = (sbyte)n;
                    return;
                }
            }

            if (access.Slot < Capacity)
            {
                node.Group = (sbyte)_groups.Count;
                _open |= 1u << access.Slot;
                _groups.Add(access);
            }
        }

        private readonly bool IsOpen(int n) => (_open >> (n - _first) & 1) != 0;

        private bool TryExtend(int n, in AccessGroup access)
        {
            AccessGroup joined = _groups[n].With(access);
            if (joined.High - joined.Low > Span)
            {
                _open &= ~(1u << (n - _first));
                return false;
            }

            _groups[n] = joined;
            return true;
        }

        /// <summary>No access behind this one has the address of a group whose register changes.</summary>
        private void Close(in Node node)
        {
            for (int n = _first; n < _groups.Count; n++)
            {
                bool changes = node.IsWriting(_groups[n].Base)
                    || (_groups[n].Index != NoIndex && node.IsWriting(_groups[n].Index));
                _open &= changes ? ~(1u << (n - _first)) : ~0u;
            }
        }
    }
}

/// <summary>
/// Accesses between <paramref name="Low"/> and <paramref name="High"/>, from an address of one register or two.
/// </summary>
/// <param name="Slot">Number of the group in its block.</param>
/// <param name="Base">The register of the address.</param>
/// <param name="Index">The register that is added, or <see cref="AccessGroups.NoIndex"/>.</param>
/// <param name="Low">First byte, from the address on.</param>
/// <param name="High">Behind the last byte.</param>
/// <param name="Reads">Whether there are loads.</param>
/// <param name="Writes">Whether there are stores.</param>
/// <param name="First">Offset of the first access in the page.</param>
/// <param name="Last">Offset of the last one.</param>
internal readonly record struct AccessGroup(
    int Slot, int Base, int Index, int Low, int High, bool Reads, bool Writes, int First, int Last)
{
    /// <summary>Whether it has more than one access.</summary>
    public bool IsShared => First != Last;

    /// <summary>Whether another one's address has the same registers.</summary>
    public bool HasAddressOf(in AccessGroup other) => Base == other.Base && Index == other.Index;

    /// <summary>The group with a later access.</summary>
    public AccessGroup With(in AccessGroup access) => this with
    {
        Low = Math.Min(Low, access.Low),
        High = Math.Max(High, access.High),
        Reads = Reads || access.Reads,
        Writes = Writes || access.Writes,
        Last = access.First,
    };
}
