namespace LaKvm.Hypervisor;

/// <summary>How changes of the host's address space reach the second-stage tables.</summary>
public sealed partial class KvmVm : IMmuNotifier
{
    private ulong _invalidateStart;
    private ulong _invalidateEnd;
    private int _invalidateInProgress;
    private ulong _invalidateSequence;

    /// <summary>Counts completed invalidations. A fault reads it before it asks for the page.</summary>
    internal ulong InvalidateSequence => Volatile.Read(ref _invalidateSequence);

    /// <summary>
    /// Under the MMU lock: whether the page that a fault has found may no longer be the right one, because an invalidation
    /// of its frame is under way or one has completed since <paramref name="sequence"/> was read.
    /// </summary>
    internal bool MustRetry(ulong sequence, ulong gfn) =>
        (_invalidateInProgress != 0 && gfn >= _invalidateStart && gfn < _invalidateEnd)
        || _invalidateSequence != sequence;

    void IMmuNotifier.InvalidateRangeStart(ulong start, ulong end)
    {
        bool changed = false;
        lock (MmuLock)
        {
            if (_invalidateInProgress++ == 0)
            {
                _invalidateStart = ulong.MaxValue;
                _invalidateEnd = 0;
            }

            foreach (MemorySlot slot in Slots)
            {
                if (Overlap(slot, start, end, out ulong firstGfn, out ulong endGfn))
                {
                    _invalidateStart = Math.Min(_invalidateStart, firstGfn);
                    _invalidateEnd = Math.Max(_invalidateEnd, endGfn);
                    var flush = new FlushOperation(Statistics, null);
                    changed |= Walk(firstGfn, endGfn, ref flush);
                }
            }
        }

        if (changed)
        {
            FlushRemoteTlbs();
        }
    }

    void IMmuNotifier.InvalidateRangeEnd(ulong start, ulong end)
    {
        lock (MmuLock)
        {
            _invalidateSequence++;
            _invalidateInProgress--;
        }
    }

    bool IMmuNotifier.ClearYoung(ulong start, ulong end, bool flush)
    {
        bool young = false;
        lock (MmuLock)
        {
            foreach (MemorySlot slot in Slots)
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
            FlushRemoteTlbs();
        }

        return young;
    }

    bool IMmuNotifier.TestYoung(ulong address)
    {
        lock (MmuLock)
        {
            foreach (MemorySlot slot in Slots)
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
        lock (MmuLock)
        {
            var flush = new FlushOperation(Statistics, null);
            GpaTable.Walk(0, GpaSize, ref flush);
        }

        FlushRemoteTlbs();
    }

    private bool Walk<T>(ulong firstGfn, ulong endGfn, ref T operation)
        where T : struct, IGpaOperation =>
        GpaTable.Walk(firstGfn << Machine.Pages.PageShift, endGfn << Machine.Pages.PageShift, ref operation);

    private unsafe bool IsYoung(ulong gfn)
    {
        GpaPte* entry = GpaTable.Find(gfn << Machine.Pages.PageShift, 0, null, out int level);
        if (entry == null)
        {
            return false;
        }

        GpaPte value = GpaPageTable.Read(entry);
        return GpaPageTable.IsPresent(value, level) && (value & GpaPte.Accessed) != 0;
    }

    private bool Overlap(MemorySlot slot, ulong start, ulong end, out ulong firstGfn, out ulong endGfn)
    {
        ulong slotEnd = slot.Hva + (slot.Pages << Machine.Pages.PageShift);
        ulong from = Math.Max(start, slot.Hva);
        ulong to = Math.Min(end, slotEnd);
        firstGfn = endGfn = 0;
        if (from >= to)
        {
            return false;
        }

        firstGfn = slot.BaseGfn + ((from - slot.Hva) >> Machine.Pages.PageShift);
        endGfn = slot.BaseGfn + ((to - slot.Hva + Machine.Pages.PageSize - 1) >> Machine.Pages.PageShift);
        return true;
    }
}
