using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Second-stage faults: from the guest-physical address of an exit to an entry in the tables.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const int RetriesBeforeYield = 100;
    private const int SmallPage = 0, HugePage = 1;

    /// <summary>Maps the page of a fault, or emulates the access where there is no memory.</summary>
    private int HandlePageFault(bool write)
    {
        ulong gpa = _exitBadv;
        Trace(TraceEvent.PageFault, gpa, write ? 1UL : 0);
        if (gpa >= KvmVm.GpaSize)
        {
            QueueException(Trap.Adem);
            return ResumeGuest;
        }

        Errno error = MapGpa(gpa, write);
        if (error == Errno.None)
        {
            // The TLB still holds the entry that faulted.
            _flushGpa = gpa;
            SetRequest(KvmRequest.TlbFlushGpa);
            return ResumeGuest;
        }

        return error == Errno.Fault ? EmulateAccess(gpa, write) : -(int)error;
    }

    /// <summary>
    /// Makes the address accessible, for writing if <paramref name="write"/>. EFAULT means that there is no memory.
    /// </summary>
    private Errno MapGpa(ulong gpa, bool write)
    {
        ulong gfn = gpa >> _machine.Pages.PageShift;
        MemorySlotSet slots = Vm.Slots;
        MemorySlot? slot = slots.Find(gfn);
        if (slot == null)
        {
            return Errno.Fault; // a device: no lock is taken for it
        }

        if (MapFast(gpa, write))
        {
            return Errno.None;
        }

        if (slot.Invalid || (write && slot.ReadOnly))
        {
            return Errno.Fault;
        }

        if (!_memoryCache.TopUp(Vm.GpaTable.Geometry.Levels - 1))
        {
            return Errno.NoMem;
        }

        for (int retries = 0; ; retries++)
        {
            Errno error = TryMap(slots, slot, gfn, write, out bool mapped);
            if (error != Errno.None || mapped)
            {
                return error;
            }

            if (Vm.Slots.Generation != slots.Generation)
            {
                return Errno.None; // the slots have changed: the access faults again and finds the new ones
            }

            if (retries > RetriesBeforeYield)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>
    /// The page is mapped already and only has to become young or dirty. The slot is looked up under the MMU lock, under
    /// which slots change too: one that is no longer current would not know that writes are logged now.
    /// </summary>
    private bool MapFast(ulong gpa, bool write)
    {
        bool newlyDirty = false;
        MemorySlot? slot;
        lock (Vm.MmuLock)
        {
            slot = Vm.Slots.Find(gpa >> _machine.Pages.PageShift);
            if (slot == null)
            {
                return false;
            }

            GpaPte* entry = Vm.GpaTable.Find(gpa, SmallPage, null, out int level);
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
            Vm.MarkPageDirty(slot, gpa >> _machine.Pages.PageShift, this);
        }

        return true;
    }

    /// <summary>
    /// Gets the host's page and installs it, unless the host's mapping changed in between; then nothing was mapped and the
    /// caller tries again.
    /// </summary>
    private Errno TryMap(MemorySlotSet slots, MemorySlot slot, ulong gfn, bool write, out bool mapped)
    {
        mapped = false;

        // Read before the page is looked up: an invalidation after this is noticed under the lock.
        ulong sequence = Vm.InvalidateSequence;
        ulong hva = slot.HvaOf(gfn);
        Errno error = Vm.AddressSpace.Pin(hva, write, out ulong page, out bool writable);
        if (error != Errno.None)
        {
            return error;
        }

        GpaPte value;
        lock (Vm.MmuLock)
        {
            if (Vm.MustRetry(sequence, gfn) || Vm.Slots.Generation != slots.Generation)
            {
                Vm.AddressSpace.Unpin(page);
                return Errno.None;
            }

            value = PteFor(slot, page, write, writable && !slot.ReadOnly);
            mapped = Install(slot, gfn, page, write, value);
        }

        Vm.AddressSpace.Unpin(page); // the notifier takes the mapping back before the page goes
        if (!mapped)
        {
            return Errno.NoMem;
        }

        if ((value & GpaPte.Dirty) != 0)
        {
            Vm.MarkPageDirty(slot, gfn, this);
        }

        return Errno.None;
    }

    private GpaPte PteFor(MemorySlot slot, ulong page, bool write, bool writable)
    {
        GpaPte value = GpaPte.Present | GpaPte.Accessed;
        value |= _machine.Pages.IsRam(page) ? GpaPte.CoherentCached : 0;
        if (writable)
        {
            value |= GpaPte.Writeable;
            value |= write || !slot.IsDirtyTracked ? GpaPte.DirtyMask : 0;
        }

        return value;
    }

    /// <summary>Puts the entry into the tables; false if there is no page for a table that is missing.</summary>
    private bool Install(MemorySlot slot, ulong gfn, ulong page, bool write, GpaPte value)
    {
        ulong gpa = gfn << _machine.Pages.PageShift;
        GpaPageTable table = Vm.GpaTable;
        int level = HugePageAllowed(slot, gfn, write) ? HugePage : SmallPage;
        GpaPte* entry = table.Find(gpa, level, _memoryCache, out int found);
        if (entry == null)
        {
            return false;
        }

        if (level == HugePage)
        {
            GpaPte old = GpaPageTable.Read(entry);
            if (table.IsNone(old, HugePage) || GpaPageTable.IsHuge(old, HugePage))
            {
                InstallHuge(entry, old, page, value);
                return true;
            }

            // Small pages are mapped below: there they stay.
            entry = table.Find(gpa, SmallPage, _memoryCache, out found);
        }

        if (found == HugePage)
        {
            if (!write)
            {
                return true; // another vCPU has mapped the huge page meanwhile
            }

            if (!table.SplitHuge(entry, _memoryCache))
            {
                return false;
            }

            Vm.Statistics.CountMapping(HugePage, -1);
            for (int i = 0; i < table.Geometry.Entries; i++)
            {
                Vm.Statistics.CountMapping(SmallPage, 1);
            }

            entry = table.Find(gpa, SmallPage, null, out _);
        }
        else if (!GpaPageTable.IsPresent(GpaPageTable.Read(entry), SmallPage))
        {
            Vm.Statistics.CountMapping(SmallPage, 1);
        }

        GpaPageTable.Write(entry, value | (GpaPte)page);
        return true;
    }

    private void InstallHuge(GpaPte* entry, GpaPte old, ulong page, GpaPte value)
    {
        if (!GpaPageTable.IsHuge(old, HugePage))
        {
            Vm.Statistics.CountMapping(HugePage, 1);
        }

        GpaPageTable.Write(entry, value | GpaPte.Huge | (GpaPte)(page & ~(_machine.Pages.HugeSize - 1)));

        // Invalid small entries of the whole range may be in the TLB.
        SetRequest(KvmRequest.TlbFlush);
    }

    /// <summary>
    /// Whether a huge page may map the frame: writes to it need not be told apart, guest and host addresses lie in step,
    /// it is whole inside the slot, and the host maps it by a huge page too.
    /// </summary>
    private bool HugePageAllowed(MemorySlot slot, ulong gfn, bool write)
    {
        if ((slot.IsDirtyTracked && write) || slot.HugePages == HugePageFit.Nowhere)
        {
            return false;
        }

        ulong hva = slot.HvaOf(gfn);
        ulong start = hva & ~(_machine.Pages.HugeSize - 1);
        bool inside = slot.HugePages == HugePageFit.Everywhere
            || (start >= slot.Hva && start + _machine.Pages.HugeSize <= slot.HvaOf(slot.EndGfn));
        return inside && Vm.AddressSpace.IsHugeAt(hva);
    }
}
