using System.Runtime.CompilerServices;
using LaKvm.Memory;

namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    private const ulong PageOffset = 0xfff;

    /// <summary>
    /// Load of <paramref name="size"/> bytes that the software TLB did not answer: translates, fills the software TLB,
    /// splits unaligned accesses, reads MMIO; where nothing is, that is an address error. On a trap
    /// <see cref="CpuState.TrapAddress"/> is set.
    /// </summary>
    public Trap LoadSlow(ulong va, int size, void* value)
    {
        if (InSecondWay(va, size, Access.Load, out byte* first))
        {
            SingleCopy.Copy(value, first, size);
            return Trap.None;
        }

        Trap trap = ReachAll(va, size, Access.Load, out Reached reached);
        if (trap == Trap.None)
        {
            if (reached.Head < size)
            {
                ReadPart(reached.Second, reached.SecondPhysical, size - reached.Head, (byte*)value + reached.Head);
            }

            ReadPart(reached.First, reached.FirstPhysical, reached.Head, (byte*)value);
        }

        return trap;
    }

    /// <summary>Store counterpart of <see cref="LoadSlow"/>; all bytes are stored or none.</summary>
    public Trap StoreSlow(ulong va, int size, void* value)
    {
        if (InSecondWay(va, size, Access.Store, out byte* first))
        {
            SingleCopy.Copy(first, value, size);
            return Trap.None;
        }

        Trap trap = ReachAll(va, size, Access.Store, out Reached reached);
        if (trap == Trap.None)
        {
            if (reached.Head < size)
            {
                WritePart(reached.Second, reached.SecondPhysical, size - reached.Head, (byte*)value + reached.Head);
            }

            WritePart(reached.First, reached.FirstPhysical, reached.Head, (byte*)value);
        }

        return trap;
    }

    /// <summary>Slow path of <see cref="MemoryAccess.AtomicPointer"/>: unaligned raises ALE.</summary>
    public Trap AtomicPointerSlow(ulong va, int size, out byte* pointer)
    {
        pointer = null;
        if ((va & (ulong)(size - 1)) != 0)
        {
            State->TrapAddress = va;
            return Trap.Ale;
        }

        Trap trap = Reach(va, size, Access.Store, out pointer, out ulong physical);
        if (trap == Trap.None)
        {
            trap = Debug.WatchAtomic(va, size);
        }

        if (trap == Trap.None)
        {
            BeforeStore(pointer, physical, size);
        }

        return trap;
    }

    /// <summary>
    /// To be called after a host atomic has changed memory at <paramref name="va"/> through a pointer.
    /// </summary>
    public void AtomicStored(ulong va, byte* pointer)
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(State, va);
        if ((va & ~PageOffset) == entry->WriteTag)
        {
            return;
        }

        if (Translate(va, Access.Store, out Translation t) == Trap.None && Memory.Find(t.Physical) != null)
        {
            Memory.Written(t.Physical, 1);
        }
    }

    /// <summary>
    /// Translates an instruction address of the current mode. On success <paramref name="pointer"/> is the host address
    /// of the instruction (null if it is not RAM) and <paramref name="physical"/> its physical address; both are valid
    /// up to the end of the 4 KiB page until the next <see cref="Trap.Refetch"/> or handled attention.
    /// </summary>
    public Trap TranslateFetch(ulong va, out byte* pointer, out ulong physical)
    {
        pointer = null;
        physical = 0;
        if ((va & 3) != 0)
        {
            State->TrapAddress = va;
            return Trap.Adef;
        }

        return Reach(va, sizeof(uint), Access.Fetch, out pointer, out physical);
    }

    /// <summary>To be called by the engine before it decodes from a page that it holds nothing of.</summary>
    public void CodePageAdded(ulong physicalPage) => Memory.MarkCode(physicalPage);

    /// <summary>
    /// The engine's word beside a software TLB entry of the current mode, for what the engine knows about the page:
    /// zeroed by the core whenever the entry changes.
    /// </summary>
    public static nint* EngineWord(CpuState* s, ulong va) =>
        SoftTlbTable.EngineWords(s->Tlb) + (CpuState.TlbEntry(s, va) - s->Tlb);

    /// <summary>Zeroes the engine's words of all software TLBs of this core.</summary>
    public void ClearEngineWords()
    {
        _softTlb.ClearEngineWords();
        _otherSoftTlb?.ClearEngineWords();
    }

    /// <summary>
    /// Whether the second way of the software TLB answers an access; the page is in the first one then, and
    /// <paramref name="pointer"/> where the access goes.
    /// </summary>
    private bool InSecondWay(ulong va, int size, Access access, out byte* pointer)
    {
        SoftTlbEntry* way = State->Tlb, first = CpuState.TlbEntry(State, va), second = SoftTlbTable.Second(first);
        bool found = ((va + (ulong)(size - 1)) & ~PageOffset) == (
            access == Access.Store ? second->WriteTag : second->ReadTag);
        pointer = null;
        if (found)
        {
            SoftTlbTable.Exchange(way, (int)(first - way));
            pointer = (byte*)(va + (ulong)first->Addend);
        }

        return found;
    }

    /// <summary>Reaches all bytes of an access, which may lie in two pages, and looks whether it is watched.</summary>
    private Trap ReachAll(ulong va, int size, Access access, out Reached reached)
    {
        reached = new Reached { Head = Math.Min(size, (int)(4096 - (va & PageOffset))) };
        int head = reached.Head;
        Trap trap = CheckAlignment(va, size);
        if (trap == Trap.None)
        {
            trap = Reach(va, head, access, out reached.First, out reached.FirstPhysical);
        }

        if (trap == Trap.None && head < size)
        {
            trap = Reach(va + (ulong)head, size - head, access, out reached.Second, out reached.SecondPhysical);
        }

        return trap == Trap.None ? Debug.WatchAccess(va, size, access == Access.Store) : trap;
    }

    /// <summary>
    /// Translates and, for RAM, fills the software TLB. <paramref name="pointer"/> is null for a device; where not all
    /// of the bytes, which lie in one page, are answered by one, the access is an address error (as in QEMU 11.1; the
    /// manual leaves absent memory to the machine).
    /// </summary>
    private Trap Reach(ulong va, int size, Access access, out byte* pointer, out ulong physical)
    {
        Trap trap = Translate(va, access, out Translation t);
        physical = t.Physical;
        pointer = null;
        if (trap != Trap.None)
        {
            return trap;
        }

        RamBlock? block = Memory.Find(t.Physical);
        if (block != null && (!block.ReadOnly || access != Access.Store))
        {
            pointer = block.Pointer + (t.Physical - block.Base);
            // What is fetched will soon be decoded: an entry for stores would only look like one that was used in
            // between.
            bool write = t.Write && access != Access.Fetch && !block.ReadOnly
                && Memory.Flags(t.Physical) == PageFlags.None && !_recordingTlb;
            bool load = !ForbidsUnaligned && !Debug.WatchesPage(va, stores: false);
            bool store = load && write && !Debug.WatchesPage(va, stores: true);
            _softTlb.Fill(CurrentTable, va, pointer - (va & PageOffset), t.Read && load, store, t.Execute, t.Local);
            return Trap.None;
        }

        if (DeviceAnswers(physical, size))
        {
            return Trap.None;
        }

        State->TrapAddress = va;
        return access == Access.Fetch ? Trap.Adef : Trap.Adem;
    }

    private bool DeviceAnswers(ulong physical, int size)
    {
        foreach ((int offset, int width) in Pieces(physical, size))
        {
            if (!_bus.Answers(physical + (ulong)offset, width))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether MISC.ALCL forbids unaligned accesses somewhere. Then data accesses take the slow path: the fast one only
    /// sees whether a page is left.
    /// </summary>
    private bool ForbidsUnaligned => (State->Csr[Csr.Misc] & (0xFUL << 12)) != 0;

    /// <summary>
    /// Unaligned accesses are done in hardware unless MISC.ALCL forbids them (manual volume 1, 7.4.4).
    /// </summary>
    private Trap CheckAlignment(ulong va, int size)
    {
        if ((va & (ulong)(size - 1)) == 0 || ((State->Csr[Csr.Misc] >> (12 + State->Plv)) & 1) == 0 || size > 8)
        {
            return Trap.None;
        }

        State->TrapAddress = va;
        return Trap.Ale;
    }

    /// <summary>
    /// Stores of a stretch that is executed twice are recorded, and can't be taken back where code is.
    /// </summary>
    private void BeforeStore(byte* pointer, ulong physical, int size)
    {
        if (_rehearsal != null && pointer != null)
        {
            _rehearsal.Store(pointer, size);
            if (Memory.Flags(physical) != PageFlags.None)
            {
                _rehearsal.Spoil();
            }
        }
    }

    private void ReadPart(byte* pointer, ulong physical, int size, byte* value)
    {
        if (pointer != null)
        {
            SingleCopy.Copy(value, pointer, size);
            return;
        }

        foreach ((int offset, int width) in Pieces(physical, size))
        {
            _rehearsal?.Spoil();
            ulong read = _bus.ReadMmio(physical + (ulong)offset, width);
            Debug.Observer?.DeviceAccessed(this, new(physical + (ulong)offset, width, read, false, false));
            SingleCopy.Copy(value + offset, &read, width);
        }
    }

    private void WritePart(byte* pointer, ulong physical, int size, byte* value)
    {
        if (pointer != null)
        {
            BeforeStore(pointer, physical, size);
            SingleCopy.Copy(pointer, value, size);
            Memory.Written(physical, (ulong)size);
            return;
        }

        foreach ((int offset, int width) in Pieces(physical, size))
        {
            ulong written = 0;
            SingleCopy.Copy(&written, value + offset, width);
            _rehearsal?.Spoil();
            Debug.Observer?.DeviceAccessed(this, new(physical + (ulong)offset, width, written, true, false));
            _bus.WriteMmio(physical + (ulong)offset, width, written);
        }
    }

    /// <summary>Aligned powers of two of at most 8 bytes, as a bus carries them.</summary>
    private static PieceSequence Pieces(ulong physical, int size) => new(physical, size);

    /// <summary>Where the bytes of an access are: the first ones, and those in the next page, if some are.</summary>
    private struct Reached
    {
        public int Head;
        public byte* First, Second;
        public ulong FirstPhysical, SecondPhysical;
    }

    private ref struct PieceSequence(ulong physical, int size)
    {
        private int _next = 0;

        public (int Offset, int Width) Current { get; private set; }

        public readonly PieceSequence GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_next >= size)
            {
                return false;
            }

            int width = 8;
            while (width > size - _next || ((physical + (ulong)_next) & (ulong)(width - 1)) != 0)
            {
                width >>= 1;
            }

            Current = (_next, width);
            _next += width;
            return true;
        }
    }
}
