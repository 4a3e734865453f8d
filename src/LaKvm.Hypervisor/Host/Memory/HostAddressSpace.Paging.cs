namespace LaKvm.Hypervisor;

/// <summary>What the host's memory management does to single pages behind the back of a VM.</summary>
public sealed partial class HostAddressSpace
{
    /// <summary>
    /// Gives the pages of a range back; the next access finds zeroes, or the mapped object's content (Linux:
    /// MADV_DONTNEED). EINVAL for a range that is none, ENOMEM if not all of it is mapped.
    /// </summary>
    public Errno Discard(ulong start, ulong bytes)
    {
        if (!_mappings.IsRange(start, bytes, out ulong end))
        {
            return Errno.Inval;
        }

        lock (_mappings.Lock)
        {
            foreach (HostMappingArea area in _mappings.Areas.In(start, end))
            {
                (ulong from, ulong to) = (Math.Max(area.Start, start), Math.Min(area.End, end));
                if (!area.IsDevice && MayHavePages(area, from, to))
                {
                    _mappings.InvalidatePages(area, from, to, () => DiscardPages(area, from, to));
                }
            }

            return _mappings.Areas.Cover(start, end) ? Errno.None : Errno.NoMem;
        }
    }

    /// <summary>A part of an object is gone: whoever touches its mappings there asks the object again.</summary>
    /// <param name="shown">The object.</param>
    /// <param name="first">First byte of the part: a page's.</param>
    /// <param name="end">First byte behind it.</param>
    public void Forget(HostMemoryObject shown, ulong first, ulong end)
    {
        lock (_mappings.Lock)
        {
            foreach (HostMappingArea area in _mappings.Areas.All)
            {
                ulong from = Math.Max(area.Offset, first), to = Math.Min(area.Offset + area.Size, end);
                if (area.Object == shown && from < to)
                {
                    ulong start = area.Start + (from - area.Offset), stop = area.Start
                        + _mappings.RoundUp(to - area.Offset);
                    _mappings.InvalidatePages(area, start, stop, () => DiscardPages(area, start, stop));
                }
            }
        }
    }

    /// <summary>
    /// Writes the pages of a range to the swap area and frees them, but for those that somebody else refers to: shared
    /// ones, and those that are being copied to or mapped just now. EINVAL if it is not in one mapping of RAM.
    /// </summary>
    public Errno SwapOut(ulong start, ulong bytes)
    {
        lock (_mappings.Lock)
        {
            HostMappingArea? area = _mappings.Areas.Find(start);
            if (((start | bytes) & (Pages.PageSize - 1)) != 0 || area == null || area.IsDevice || area.IsShared
                || bytes > area.End - start)
            {
                return Errno.Inval;
            }

            _mappings.InvalidatePages(area, start, start + bytes, () =>
            {
                for (ulong address = start; address < start + bytes; address += Pages.PageSize)
                {
                    _mappings.Paging.SwapOut(area, address);
                }
            });
            return Errno.None;
        }
    }

    /// <summary>
    /// A copy of a mapping that shares its pages until either side writes (what fork does to a child's memory). Returns
    /// the copy's address, or 0 if there is no such mapping or no memory for what must be copied now.
    /// </summary>
    public ulong CloneCopyOnWrite(ulong start)
    {
        using (_mappings.Begin())
        {
            HostMappingArea? area = _mappings.Areas.Find(start);
            if (area == null || area.Start != start || area.IsDevice)
            {
                return 0;
            }

            ulong copyStart = _mappings.Reserve(area.Size);
            var copy = new HostMappingArea(_mappings.Table, copyStart, copyStart + area.Size, area.Rights);
            bool complete = true;
            _mappings.Invalidate(area.Start, area.End, () =>
            {
                for (ulong offset = 0; offset < area.Size && complete; offset += Pages.PageSize)
                {
                    complete = _mappings.Paging.Share(area, start + offset, copy, copyStart + offset);
                }
            });
            _mappings.Insert(copy);
            if (!complete)
            {
                _mappings.Remove(copy.Start, copy.End);
                return 0;
            }

            return copyStart;
        }
    }

    /// <summary>
    /// Makes two pages of equal content one, shared until somebody writes (Linux: KSM). False if they differ, or if
    /// somebody has one of them pinned and may be writing to it.
    /// </summary>
    public bool Merge(ulong first, ulong second)
    {
        lock (_mappings.Lock)
        {
            HostMappingArea? a = _mappings.Areas.Find(first);
            HostMappingArea? b = _mappings.Areas.Find(second);
            if (a == null || b == null || a.IsDevice || b.IsDevice || a.Object != null || b.Object != null
                || !_mappings.Paging.SameContent(a.Pte(first), b.Pte(second)))
            {
                return false;
            }

            bool merged = false;
            _mappings.InvalidatePages(a, PageOf(first), PageOf(first) + Pages.PageSize, () =>
                _mappings.InvalidatePages(b, PageOf(second), PageOf(second) + Pages.PageSize,
                    () => merged = _mappings.Paging.Merge(a, first, b, second)));
            return merged;
        }
    }

    /// <summary>Idle page tracking: clears the accessed mark of the pages of a range; true if one was set.</summary>
    public bool ClearYoung(ulong start, ulong bytes, bool flush)
    {
        lock (_mappings.Lock)
        {
            bool young = false;
            foreach (IMmuNotifier notifier in _mappings.Notifiers)
            {
                young |= notifier.ClearYoung(start, start + bytes, flush);
            }

            return young;
        }
    }

    /// <summary>Whether a guest has accessed the page since its mark was cleared.</summary>
    public bool TestYoung(ulong address)
    {
        lock (_mappings.Lock)
        {
            return _mappings.Notifiers.Exists(n => n.TestYoung(address));
        }
    }

    private ulong PageOf(ulong address) => address & ~(Pages.PageSize - 1);

    private bool MayHavePages(HostMappingArea area, ulong from, ulong to) =>
        area.IsLinear || _mappings.Table.Next(ref from, to);

    private void DiscardPages(HostMappingArea area, ulong from, ulong to)
    {
        area.EndLinear();
        for (ulong at = from; _mappings.Table.Next(ref at, to); at += Pages.PageSize)
        {
            HostPte pte = _mappings.Table[at];
            _mappings.Table[at] = HostPte.None;
            Interlocked.MemoryBarrier();
            _mappings.Paging.Forget(pte);
        }
    }
}
