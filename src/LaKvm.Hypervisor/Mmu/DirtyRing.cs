namespace LaKvm.Hypervisor;

/// <summary>
/// Ring of written pages of one vCPU, in memory shared with user space. The vCPU's thread fills it; user space marks
/// what it has taken; a reset takes the marked entries out, in order.
/// </summary>
internal sealed unsafe class DirtyRing
{
    /// <summary>Entries kept free above the soft limit, for pages written before the vCPU notices.</summary>
    private const uint Reserved = 64;

    private readonly DirtyGfn* _entries;
    private readonly uint _size;
    private uint _dirtyIndex;
    private uint _resetIndex;

    /// <summary>A ring in memory of its user: <paramref name="bytes"/>, a power of two.</summary>
    internal DirtyRing(byte* memory, uint bytes)
    {
        _size = bytes / (uint)sizeof(DirtyGfn);
        _entries = (DirtyGfn*)memory;
    }

    /// <summary>A ring must be at least as large as what is kept free.</summary>
    internal static ulong ReservedBytes => Reserved * (ulong)sizeof(DirtyGfn);

    /// <summary>Protects the 64 pages from an offset of a slot on whose bit is set.</summary>
    internal delegate void Protect(uint slot, ulong offset, ulong mask);

    internal bool IsSoftFull => Used >= _size - Reserved;

    private uint Used => Volatile.Read(ref _dirtyIndex) - Volatile.Read(ref _resetIndex);

    /// <summary>Appends a page; the soft limit guarantees room.</summary>
    internal void Push(uint slot, ulong offset)
    {
        DirtyGfn* entry = _entries + (_dirtyIndex & (_size - 1));
        entry->Slot = slot;
        entry->Offset = offset;
        Volatile.Write(ref entry->Flags, DirtyGfn.Dirty);
        Volatile.Write(ref _dirtyIndex, _dirtyIndex + 1);
    }

    /// <summary>
    /// Takes out the entries that user space has marked, neighbouring pages of a slot together. Returns their number.
    /// </summary>
    internal int Reset(Protect protect)
    {
        int count = 0;
        uint slot = 0;
        ulong start = 0;
        ulong mask = 0;
        while (Used > 0)
        {
            DirtyGfn* entry = _entries + (_resetIndex & (_size - 1));
            if ((Volatile.Read(ref entry->Flags) & DirtyGfn.Reset) == 0)
            {
                break;
            }

            ulong offset = entry->Offset;
            uint entrySlot = entry->Slot;
            Volatile.Write(ref entry->Flags, 0);
            Volatile.Write(ref _resetIndex, _resetIndex + 1);
            count++;
            if (mask != 0 && entrySlot == slot && offset >= start && offset - start < 64)
            {
                mask |= 1UL << (int)(offset - start);
                continue;
            }

            if (mask != 0)
            {
                protect(slot, start, mask);
            }

            (slot, start, mask) = (entrySlot, offset, 1);
        }

        if (mask != 0)
        {
            protect(slot, start, mask);
        }

        return count;
    }
}
