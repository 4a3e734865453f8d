using System.Runtime.CompilerServices;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>Accesses to memory that the software TLB does not answer, and those to devices.</summary>
internal sealed unsafe class MemoryUnit(
    CpuState* state, Modes modes, Mmu mmu, SoftTlbs softTlbs, PhysicalMemory memory, CoreDebug debug,
    Surroundings outside)
{
    private const ulong PageOffset = 0xfff;

    private readonly CpuState* _state = state;

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
            _state->TrapAddress = va;
            return Trap.Ale;
        }

        Trap trap = Reach(va, size, Access.Store, out pointer, out ulong physical);
        if (trap == Trap.None)
        {
            trap = debug.WatchAtomic(va, size);
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
    public void AtomicStored(ulong va)
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(_state, va);
        if ((va & ~PageOffset) == entry->WriteTag)
        {
            return;
        }

        if (mmu.Translate(va, Access.Store, out Translation t) == Trap.None && memory.Find(t.Physical) != null)
        {
            memory.Written(t.Physical, 1);
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
            _state->TrapAddress = va;
            return Trap.Adef;
        }

        return Reach(va, sizeof(uint), Access.Fetch, out pointer, out physical);
    }

    /// <summary>
    /// Whether the second way of the software TLB answers an access; the page is in the first one then, and
    /// <paramref name="pointer"/> where the access goes.
    /// </summary>
    private bool InSecondWay(ulong va, int size, Access access, out byte* pointer)
    {
        SoftTlbEntry* way = _state->Tlb, first = CpuState.TlbEntry(_state, va), second = SoftTlbTable.Second(first);
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

        return trap == Trap.None ? debug.WatchAccess(va, size, access == Access.Store) : trap;
    }

    /// <summary>
    /// Translates and, for RAM, fills the software TLB. <paramref name="pointer"/> is null for a device; where not all
    /// of the bytes, which lie in one page, are answered by one, the access is an address error (as in QEMU 11.1; the
    /// manual leaves absent memory to the machine).
    /// </summary>
    private Trap Reach(ulong va, int size, Access access, out byte* pointer, out ulong physical)
    {
        Trap trap = mmu.Translate(va, access, out Translation t);
        physical = t.Physical;
        pointer = null;
        if (trap != Trap.None)
        {
            return trap;
        }

        RamBlock? block = memory.Find(t.Physical);
        if (block != null && (!block.ReadOnly || access != Access.Store))
        {
            pointer = block.Pointer + (t.Physical - block.Base);
            // What is fetched will soon be decoded: an entry for stores would only look like one that was used in
            // between.
            bool write = t.Write && access != Access.Fetch && !block.ReadOnly
                && memory.Flags(t.Physical) == PageFlags.None && !softTlbs.IsRecording;
            bool load = !ForbidsUnaligned && !debug.WatchesPage(va, stores: false);
            bool store = load && write && !debug.WatchesPage(va, stores: true);
            byte* page = pointer - (va & PageOffset);
            softTlbs.Fill(modes.CurrentTable, va, page, t.Read && load, store, t.Execute, t.Local);
            return Trap.None;
        }

        if (DeviceAnswers(physical, size))
        {
            return Trap.None;
        }

        _state->TrapAddress = va;
        return access == Access.Fetch ? Trap.Adef : Trap.Adem;
    }

    private bool DeviceAnswers(ulong physical, int size)
    {
        foreach ((int offset, int width) in new BusPieces(physical, size))
        {
            if (!outside.Bus.Answers(physical + (ulong)offset, width))
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
    private bool ForbidsUnaligned => (_state->Csr[Csr.Misc] & (0xFUL << 12)) != 0;

    /// <summary>
    /// Unaligned accesses are done in hardware unless MISC.ALCL forbids them (manual volume 1, 7.4.4).
    /// </summary>
    private Trap CheckAlignment(ulong va, int size)
    {
        if ((va & (ulong)(size - 1)) == 0 || ((_state->Csr[Csr.Misc] >> (12 + _state->Plv)) & 1) == 0 || size > 8)
        {
            return Trap.None;
        }

        _state->TrapAddress = va;
        return Trap.Ale;
    }

    /// <summary>
    /// Stores of a stretch that is executed twice are recorded, and can't be taken back where code is.
    /// </summary>
    private void BeforeStore(byte* pointer, ulong physical, int size)
    {
        if (outside.Rehearsal is { } rehearsal && pointer != null)
        {
            rehearsal.Store(pointer, size);
            if (memory.Flags(physical) != PageFlags.None)
            {
                rehearsal.Spoil();
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

        foreach ((int offset, int width) in new BusPieces(physical, size))
        {
            ulong read = outside.Bus.ReadMmio(physical + (ulong)offset, width);
            SingleCopy.Copy(value + offset, &read, width);
        }
    }

    private void WritePart(byte* pointer, ulong physical, int size, byte* value)
    {
        if (pointer != null)
        {
            BeforeStore(pointer, physical, size);
            SingleCopy.Copy(pointer, value, size);
            memory.Written(physical, (ulong)size);
            return;
        }

        foreach ((int offset, int width) in new BusPieces(physical, size))
        {
            ulong written = 0;
            SingleCopy.Copy(&written, value + offset, width);
            outside.Bus.WriteMmio(physical + (ulong)offset, width, written);
        }
    }

    /// <summary>Where the bytes of an access are: the first ones, and those in the next page, if some are.</summary>
    private struct Reached
    {
        public int Head;
        public byte* First, Second;
        public ulong FirstPhysical, SecondPhysical;
    }
}
