using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// Second-stage translation of a VM: the tables, the faults that fill them, and the changes of the host's address space
/// that empty them. An entry that loses rights is followed by a flush of all vCPUs' tags; one that gains rights only by
/// that of the page pair of the vCPU that faulted.
/// </summary>
internal sealed unsafe class GpaMmu : IMmuNotifier, IDisposable
{
    private const int RetriesBeforeYield = 100;
    private const int SmallPage = 0, HugePage = 1;

    private readonly KvmVm _vm;
    private readonly HostPages _pages;
    private ulong _invalidateStart;
    private ulong _invalidateEnd;
    private int _invalidateInProgress;
    private ulong _invalidateSequence;

    /// <summary>Makes empty tables.</summary>
    /// <exception cref="MemoryExhaustedException">The host has no page left.</exception>
    internal GpaMmu(KvmVm vm, HostPages pages)
    {
        _vm = vm;
        _pages = pages;
        Table = new GpaPageTable(pages, pages.Geometry);
    }

    /// <summary>Guest-physical addresses are below this.</summary>
    internal static ulong GpaSize => 1UL << KvmLimits.GpaBits;

    /// <summary>Guards the tables and the invalidation sequence.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>Guest-physical to host-physical tables.</summary>
    internal GpaPageTable Table { get; }

    /// <summary>Counts completed invalidations. A fault reads it before it asks for the page.</summary>
    internal ulong InvalidateSequence => Volatile.Read(ref _invalidateSequence);

    /// <summary>
    /// Under the MMU lock: whether the page that a fault has found may no longer be the right one, because an
    /// invalidation of its frame is under way or one has completed since <paramref name="sequence"/> was read.
    /// </summary>
    internal bool MustRetry(ulong sequence, ulong gfn) =>
        (_invalidateInProgress != 0 && gfn >= _invalidateStart && gfn < _invalidateEnd)
        || _invalidateSequence != sequence;

    /// <summary>Frees the tables; no vCPU runs any more.</summary>
    public void Dispose() => Table.Dispose();

    /// <summary>
    /// Makes the address accessible, for writing if <paramref name="write"/>. EFAULT means that there is no memory.
    /// </summary>
    internal Errno MapGpa(KvmVcpu vcpu, ulong gpa, bool write)
    {
        ulong gfn = gpa >> _pages.PageShift;
        MemorySlotSet slots = _vm.Slots;
        MemorySlot? slot = slots.Find(gfn);
        if (slot == null)
        {
            return Errno.Fault; // a device: no lock is taken for it
        }

        if (MapFast(vcpu, gpa, write))
        {
            return Errno.None;
        }

        if (slot.Invalid || (write && slot.ReadOnly))
        {
            return Errno.Fault;
        }

        if (!vcpu.MemoryCache.TopUp(Table.Geometry.Levels - 1))
        {
            return Errno.NoMem;
        }

        for (int retries = 0; ; retries++)
        {
            Errno error = TryMap(vcpu, slots, slot, gfn, write, out bool mapped);
            if (error != Errno.None || mapped)
            {
                return error;
            }

            if (_vm.Slots.Generation != slots.Generation)
            {
                return Errno.None; // the slots have changed: the access faults again and finds the new ones
            }

            if (retries > RetriesBeforeYield)
            {
                Thread.Yield();
            }
        }
    }

    void IMmuNotifier.InvalidateRangeStart(ulong start, ulong end)
    {
        bool changed = false;
        lock (Lock)
        {
            if (_invalidateInProgress++ == 0)
            {
                _invalidateStart = ulong.MaxValue;
                _invalidateEnd = 0;
            }

            foreach (MemorySlot slot in _vm.Slots)
            {
                if (Overlap(slot, start, end, out ulong firstGfn, out ulong endGfn))
                {
                    _invalidateStart = Math.Min(_invalidateStart, firstGfn);
                    _invalidateEnd = Math.Max(_invalidateEnd, endGfn);
                    var flush = new FlushOperation(_vm.Statistics, null);
                    changed |= Walk(firstGfn, endGfn, ref flush);
                }
            }
        }

        if (changed)
        {
            _vm.FlushRemoteTlbs();
        }
    }

    void IMmuNotifier.InvalidateRangeEnd(ulong start, ulong end)
    {
        lock (Lock)
        {
            _invalidateSequence++;
            _invalidateInProgress--;
        }
    }

    bool IMmuNotifier.ClearYoung(ulong start, ulong end, bool flush)
    {
        bool young = false;
        lock (Lock)
        {
            foreach (MemorySlot slot in _vm.Slots)
            {
                if (Overlap(slot, start, end, out ulong firstGfn, out ulong endGfn))
                {
                    var old = default(OldOperation);
                    young |= Walk(firstGfn, endGfn, ref old);
                }
            }
        }

        if (young && flush)
        {
            _vm.FlushRemoteTlbs();
        }

        return young;
    }

    bool IMmuNotifier.TestYoung(ulong address)
    {
        lock (Lock)
        {
            foreach (MemorySlot slot in _vm.Slots)
            {
                if (Overlap(slot, address, address + 1, out ulong gfn, out _) && IsYoung(gfn))
                {
                    return true;
                }
            }
        }

        return false;
    }

    void IMmuNotifier.Release()
    {
        lock (Lock)
        {
            var flush = new FlushOperation(_vm.Statistics, null);
            Table.Walk(0, GpaSize, ref flush);
        }

        _vm.FlushRemoteTlbs();
    }

    internal bool Walk<T>(ulong firstGfn, ulong endGfn, ref T operation)
        where T : struct, IGpaOperation =>
        Table.Walk(firstGfn << _pages.PageShift, endGfn << _pages.PageShift, ref operation);

    private bool IsYoung(ulong gfn)
    {
        GpaPte* entry = Table.Find(gfn << _pages.PageShift, 0, null, out int level);
        if (entry == null)
        {
            return false;
        }

        GpaPte value = GpaPageTable.Read(entry);
        return GpaPageTable.IsPresent(value, level) && (value & GpaPte.Accessed) != 0;
    }

    /// <summary>
    /// The page is mapped already and only has to become young or dirty. The slot is looked up under the MMU lock,
    /// under which slots change too: one that is no longer current would not know that writes are logged now.
    /// </summary>
    private bool MapFast(KvmVcpu vcpu, ulong gpa, bool write)
    {
        bool newlyDirty = false;
        MemorySlot? slot;
        lock (Lock)
        {
            slot = _vm.Slots.Find(gpa >> _pages.PageShift);
            if (slot == null)
            {
                return false;
            }

            GpaPte* entry = Table.Find(gpa, SmallPage, null, out int level);
            if (entry == null)
            {
                return false;
            }

            GpaPte value = GpaPageTable.Read(entry);
            if (!GpaPageTable.IsPresent(value, level))
            {
                return false;
            }

            GpaPte next = value | GpaPte.Accessed;
            if (write && (value & GpaPte.Dirty) == 0)
            {
                if ((value & GpaPte.Writeable) == 0 || (level == HugePage && slot.IsDirtyTracked))
                {
                    return false;
                }

                next |= GpaPte.DirtyMask;
                newlyDirty = true;
            }

            GpaPageTable.Write(entry, next);
        }

        if (newlyDirty)
        {
            DirtyLog.Mark(slot, gpa >> _pages.PageShift, vcpu);
        }

        return true;
    }

    /// <summary>
    /// Gets the host's page and installs it, unless the host's mapping changed in between; then nothing was mapped and
    /// the caller tries again.
    /// </summary>
    private Errno TryMap(KvmVcpu vcpu, MemorySlotSet slots, MemorySlot slot, ulong gfn, bool write, out bool mapped)
    {
        mapped = false;

        // Read before the page is looked up: an invalidation after this is noticed under the lock.
        ulong sequence = InvalidateSequence;
        ulong hva = slot.HvaOf(gfn);
        Errno error = _vm.AddressSpace.Pin(hva, write, out ulong page, out bool writable);
        if (error != Errno.None)
        {
            return error;
        }

        GpaPte value;
        lock (Lock)
        {
            if (MustRetry(sequence, gfn) || _vm.Slots.Generation != slots.Generation)
            {
                _vm.AddressSpace.Unpin(page);
                return Errno.None;
            }

            value = PteFor(slot, page, write, writable && !slot.ReadOnly);
            mapped = Install(vcpu, slot, gfn, page, write, value);
        }

        _vm.AddressSpace.Unpin(page); // the notifier takes the mapping back before the page goes
        if (!mapped)
        {
            return Errno.NoMem;
        }

        if ((value & GpaPte.Dirty) != 0)
        {
            DirtyLog.Mark(slot, gfn, vcpu);
        }

        return Errno.None;
    }

    private GpaPte PteFor(MemorySlot slot, ulong page, bool write, bool writable)
    {
        GpaPte value = GpaPte.Present | GpaPte.Accessed;
        value |= _pages.IsRam(page) ? GpaPte.CoherentCached : 0;
        if (writable)
        {
            value |= GpaPte.Writeable;
            value |= write || !slot.IsDirtyTracked ? GpaPte.DirtyMask : 0;
        }

        return value;
    }

    /// <summary>Puts the entry into the tables; false if there is no page for a table that is missing.</summary>
    private bool Install(KvmVcpu vcpu, MemorySlot slot, ulong gfn, ulong page, bool write, GpaPte value)
    {
        ulong gpa = gfn << _pages.PageShift;
        int level = slot.AllowsHugePage(gfn, write, _pages.HugeSize)
            && _vm.AddressSpace.IsHugeAt(slot.HvaOf(gfn)) ? HugePage : SmallPage;
        GpaPte* entry = Table.Find(gpa, level, vcpu.MemoryCache, out int found);
        if (entry == null)
        {
            return false;
        }

        if (level == HugePage)
        {
            GpaPte old = GpaPageTable.Read(entry);
            if (Table.IsNone(old, HugePage) || GpaPageTable.IsHuge(old, HugePage))
            {
                InstallHuge(vcpu, entry, old, page, value);
                return true;
            }

            // Small pages are mapped below: there they stay.
            entry = Table.Find(gpa, SmallPage, vcpu.MemoryCache, out found);
        }

        if (found == HugePage)
        {
            if (!write)
            {
                return true; // another vCPU has mapped the huge page meanwhile
            }

            if (!Table.SplitHuge(entry, vcpu.MemoryCache))
            {
                return false;
            }

            _vm.Statistics.CountMapping(HugePage, -1);
            for (int i = 0; i < Table.Geometry.Entries; i++)
            {
                _vm.Statistics.CountMapping(SmallPage, 1);
            }

            entry = Table.Find(gpa, SmallPage, null, out _);
        }
        else if (!GpaPageTable.IsPresent(GpaPageTable.Read(entry), SmallPage))
        {
            _vm.Statistics.CountMapping(SmallPage, 1);
        }

        GpaPageTable.Write(entry, value | (GpaPte)page);
        return true;
    }

    private void InstallHuge(KvmVcpu vcpu, GpaPte* entry, GpaPte old, ulong page, GpaPte value)
    {
        if (!GpaPageTable.IsHuge(old, HugePage))
        {
            _vm.Statistics.CountMapping(HugePage, 1);
        }

        GpaPageTable.Write(entry, value | GpaPte.Huge | (GpaPte)(page & ~(_pages.HugeSize - 1)));

        // Invalid small entries of the whole range may be in the TLB.
        vcpu.Requests.Make(KvmRequest.TlbFlush);
    }

    private bool Overlap(MemorySlot slot, ulong start, ulong end, out ulong firstGfn, out ulong endGfn)
    {
        ulong slotEnd = slot.Hva + (slot.Pages << _pages.PageShift);
        ulong from = Math.Max(start, slot.Hva);
        ulong to = Math.Min(end, slotEnd);
        firstGfn = endGfn = 0;
        if (from >= to)
        {
            return false;
        }

        firstGfn = slot.BaseGfn + ((from - slot.Hva) >> _pages.PageShift);
        endGfn = slot.BaseGfn + ((to - slot.Hva + _pages.PageSize - 1) >> _pages.PageShift);
        return true;
    }
}
