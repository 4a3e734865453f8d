namespace LaKvm.Hypervisor;

/// <summary>Memory slots of a VM: which guest-physical pages are which host virtual ones.</summary>
public sealed class MemorySlots
{
    private const ulong MaxSlotPages = int.MaxValue;

    private readonly KvmVm _vm;
    private readonly HostPages _pages;
    private readonly Dictionary<int, MemorySlot> _slotById = [];
    private MemorySlotSet _slots = MemorySlotSet.Empty;

    internal MemorySlots(KvmVm vm)
    {
        _vm = vm;
        _pages = vm.Machine.Pages;
    }

    /// <summary>Held by who changes slots or their logs.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>The slots as they are now.</summary>
    internal MemorySlotSet Current => Volatile.Read(ref _slots);

    /// <summary>The slots as they are now, in order of guest address, for people.</summary>
    public IEnumerable<string> Describe()
    {
        foreach (MemorySlot slot in Current)
        {
            int shift = slot.PageShift;
            yield return $"slot {slot.Id}: GPA {slot.BaseGfn << shift:x16}-{(slot.EndGfn << shift) - 1:x16} "
                + $"at 0x{slot.Hva:x}{(slot.ReadOnly ? ", read-only" : "")}"
                + (slot.IsDirtyTracked ? ", dirty log" : "");
        }
    }

    /// <summary>
    /// Creates, changes, moves or deletes (size 0) a memory slot: KVM_SET_USER_MEMORY_REGION.
    /// </summary>
    /// <param name="slot">Slot number; the high half names an address space, of which there is one.</param>
    /// <param name="flags">Flags.</param>
    /// <param name="gpa">Guest-physical address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="hva">Host virtual address.</param>
    public Errno Set(uint slot, MemorySlotFlags flags, ulong gpa, ulong size, ulong hva)
    {
        ulong unaligned = _pages.PageSize - 1;
        if ((flags & ~(MemorySlotFlags.LogDirtyPages | MemorySlotFlags.ReadOnly)) != 0
            || ((gpa | size | hva) & unaligned) != 0
            || hva + size < hva || hva + size > HostAddressSpace.UserEnd
            || slot >= KvmLimits.MemorySlots || gpa + size < gpa || size >> _pages.PageShift > MaxSlotPages)
        {
            return Errno.Inval;
        }

        lock (Lock)
        {
            _slotById.TryGetValue((int)slot, out MemorySlot? old);
            if (size == 0)
            {
                return old == null ? Errno.Inval : DeleteSlot(old);
            }

            var next = new MemorySlot
            {
                Id = (int)slot,
                PageShift = _pages.PageShift,
                BaseGfn = gpa >> _pages.PageShift,
                Pages = size >> _pages.PageShift,
                Hva = hva,
                Flags = flags,
            };
            return old == null ? CreateSlot(null, next) : ChangeSlot(old, next);
        }
    }

    /// <summary>
    /// Host virtual address of a guest page, or 0 outside the slots or, for writing, in a read-only one.
    /// </summary>
    internal ulong HvaOf(ulong gpa, bool write)
    {
        ulong gfn = gpa >> _pages.PageShift;
        MemorySlot? slot = Current.Find(gfn);
        return slot == null || slot.Invalid || (write && slot.ReadOnly)
            ? 0
            : slot.HvaOf(gfn) + (gpa & (_pages.PageSize - 1));
    }

    /// <summary>The slot with a number. Under the lock.</summary>
    internal MemorySlot? ById(uint id) => _slotById.GetValueOrDefault((int)id);

    private Errno ChangeSlot(MemorySlot old, MemorySlot next)
    {
        MemorySlotFlags changed = old.Flags ^ next.Flags;
        if (old.Hva != next.Hva || old.Pages != next.Pages || (changed & MemorySlotFlags.ReadOnly) != 0)
        {
            return Errno.Inval;
        }

        if (old.BaseGfn != next.BaseGfn)
        {
            return CreateSlot(old, next);
        }

        return changed == 0 ? Errno.None : ChangeFlags(old, next);
    }

    /// <summary>Installs a new slot, or, with <paramref name="old"/>, a slot at its new address.</summary>
    private Errno CreateSlot(MemorySlot? old, MemorySlot next)
    {
        if (Current.Overlaps(next.BaseGfn, next.Pages, next.Id))
        {
            return Errno.Exist;
        }

        if (next.EndGfn > GpaMmu.GpaSize >> _pages.PageShift)
        {
            return Errno.NoMem;
        }

        next = next with { HugePages = FitHugePages(next), DirtyBitmap = BitmapFor(old, next) };
        if (old != null)
        {
            RetireSlot(old);
        }

        Publish(old, next);
        return Errno.None;
    }

    /// <summary>A slot that moves takes its log along, if it is still logged.</summary>
    private ulong[]? BitmapFor(MemorySlot? old, MemorySlot next) => (next.Flags & MemorySlotFlags.LogDirtyPages) == 0
        ? null
        : old?.DirtyBitmap ?? _vm.DirtyLog.NewBitmap(next);

    private Errno DeleteSlot(MemorySlot old)
    {
        RetireSlot(old);
        Publish(old, null);
        return Errno.None;
    }

    private Errno ChangeFlags(MemorySlot old, MemorySlot next)
    {
        bool starts = (next.Flags & MemorySlotFlags.LogDirtyPages) != 0;
        next = next with { HugePages = old.HugePages, DirtyBitmap = starts ? _vm.DirtyLog.NewBitmap(next) : null };
        Publish(old, next);

        // Logging that starts must see the next write to every page; where all pages count as dirty from the start,
        // the first clear protects. Logging that ends leaves the tables as they are.
        if (starts && !next.ReadOnly && !_vm.DirtyLog.IsInitiallySet)
        {
            _vm.DirtyLog.WriteProtect(next);
            _vm.FlushRemoteTlbs();
        }

        return Errno.None;
    }

    /// <summary>
    /// Takes a slot out of use before it goes: faults that run on the old set find the generation changed, and what it
    /// mapped is unmapped.
    /// </summary>
    private void RetireSlot(MemorySlot slot)
    {
        Publish(slot, slot with { Invalid = true });
        var freed = new List<ulong>();
        bool changed;
        lock (_vm.Mmu.Lock)
        {
            var flush = new FlushOperation(_vm.Statistics, freed);
            changed = _vm.Mmu.Table.Walk(
                slot.BaseGfn << _pages.PageShift, slot.EndGfn << _pages.PageShift, ref flush);
        }

        if (changed || freed.Count > 0)
        {
            _vm.FlushRemoteTlbs();
        }

        foreach (ulong table in freed)
        {
            _pages.Put(table);
        }
    }

    private void Publish(MemorySlot? old, MemorySlot? next)
    {
        MemorySlot? current = old == null ? null : _slotById[old.Id];
        lock (_vm.Mmu.Lock)
        {
            Volatile.Write(ref _slots, _slots.With(current, next));
        }

        if (next != null)
        {
            _slotById[next.Id] = next;
        }
        else
        {
            _slotById.Remove(old!.Id);
        }
    }

    /// <summary>
    /// Whether huge pages fit a slot: never, if guest and host addresses lie differently in their huge pages or if no
    /// whole huge page is inside; else everywhere or in the interior.
    /// </summary>
    private HugePageFit FitHugePages(MemorySlot slot)
    {
        ulong gpa = slot.BaseGfn << _pages.PageShift;
        ulong size = slot.Pages << _pages.PageShift;
        ulong offset = gpa & (_pages.HugeSize - 1);
        if (offset != (slot.Hva & (_pages.HugeSize - 1)))
        {
            return HugePageFit.Nowhere;
        }

        if (offset == 0 && (size & (_pages.HugeSize - 1)) == 0)
        {
            return HugePageFit.Everywhere;
        }

        ulong lead = offset == 0 ? _pages.HugeSize : offset;
        return size + lead < 2 * _pages.HugeSize ? HugePageFit.Nowhere : HugePageFit.Interior;
    }
}
