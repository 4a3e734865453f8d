using System.Runtime.InteropServices;

namespace LaKvm.Hypervisor;

/// <summary>What the host's memory management does to single pages behind the back of a VM.</summary>
public sealed unsafe partial class HostAddressSpace
{
    private readonly Dictionary<ulong, byte[]> _swap = [];
    private ulong _nextSwapSlot = pages.PageSize;

    /// <summary>Changes whether a whole mapping may be written (Linux: mprotect).</summary>
    public Errno Protect(ulong start, bool writable)
    {
        lock (_lock)
        {
            HostMappingArea? area = Find(start);
            if (area == null || area.Start != start)
            {
                return Errno.Inval;
            }

            Invalidate(area.Start, area.End, () =>
            {
                area.Writable = writable;
                for (ulong at = area.Start; area.Pages != null && at < area.End; at += Pages.PageSize)
                {
                    HostPte pte = area.Pte(at);
                    bool write = writable && (pte & (HostPte.Present | HostPte.CopyOnWrite)) == HostPte.Present;
                    area.SetPte(at, write ? pte | HostPte.Writable : pte & ~HostPte.Writable);
                }
            });
            return Errno.None;
        }
    }

    /// <summary>Gives the pages of a range back; the next access finds zeroes (Linux: MADV_DONTNEED).</summary>
    public Errno Discard(ulong start, ulong bytes) => ForEachPage(start, bytes, (area, address) =>
    {
        Forget(area.Pte(address));
        area.SetPte(address, HostPte.None);
    });

    /// <summary>
    /// Writes the pages of a range to the swap area and frees them, but for those that somebody else refers to: shared
    /// ones, and those that are being copied to or mapped just now.
    /// </summary>
    public Errno SwapOut(ulong start, ulong bytes) => ForEachPage(start, bytes, (area, address) =>
    {
        HostPte pte = area.Pte(address);
        if ((pte & HostPte.Present) == 0)
        {
            return;
        }

        // The entry goes before the references are counted, in the opposite order of who pins without the lock.
        ulong page = (ulong)(pte & HostPte.AddressMask);
        area.SetPte(address, HostPte.Swapped | (HostPte)_nextSwapSlot);
        Interlocked.MemoryBarrier();
        if (Pages.References(page) > 1)
        {
            area.SetPte(address, pte);
            return;
        }

        _swap[_nextSwapSlot] = new ReadOnlySpan<byte>(Pages.Pointer(page), (int)Pages.PageSize).ToArray();
        _nextSwapSlot += Pages.PageSize;
        Pages.Put(page);
    });

    /// <summary>
    /// A copy of the range that shares its pages until either side writes (what fork does to a child's memory). Returns
    /// the copy's address, or 0 if the range is not one mapping or there is no memory for what must be copied now.
    /// </summary>
    public ulong CloneCopyOnWrite(ulong start)
    {
        lock (_lock)
        {
            HostMappingArea? area = Find(start);
            if (area == null || area.Start != start || area.Device)
            {
                return 0;
            }

            ulong size = area.End - area.Start;
            ulong copyStart = Reserve(size);
            HostMappingArea copy = HostMappingArea.OnDemand(Pages, copyStart, copyStart + size);
            bool complete = true;
            Invalidate(area.Start, area.End, () =>
            {
                for (ulong offset = 0; offset < size && complete; offset += Pages.PageSize)
                {
                    complete = Share(area, start + offset, copy, copyStart + offset);
                }
            });
            Insert(copy);
            if (!complete)
            {
                Remove(copy);
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
        lock (_lock)
        {
            HostMappingArea? a = Find(first);
            HostMappingArea? b = Find(second);
            if (a == null || b == null || a.Device || b.Device || !SameContent(a.Pte(first), b.Pte(second)))
            {
                return false;
            }

            bool merged = false;
            InvalidatePages(a, PageOf(first), PageOf(first) + Pages.PageSize, () =>
                InvalidatePages(b, PageOf(second), PageOf(second) + Pages.PageSize,
                    () => merged = MergePages(a, first, b, second)));
            return merged;
        }
    }

    /// <summary>Nobody can write to either page when they are compared.</summary>
    private bool MergePages(HostMappingArea a, ulong first, HostMappingArea b, ulong second)
    {
        (HostPte oldFirst, HostPte oldSecond) = (a.Pte(first), b.Pte(second));
        if (TryProtect(a, first))
        {
            if (TryProtect(b, second) && SameContent(oldFirst, oldSecond))
            {
                Forget(oldSecond);
                Share(a, first, b, second);
                return true;
            }

            b.SetPte(second, oldSecond);
        }

        a.SetPte(first, oldFirst);
        return false;
    }

    /// <summary>
    /// Makes the next write to a page get a copy. False if the page is not there, or somebody has it pinned: what is
    /// written through such a reference cannot be kept from those who share the page. A page that is shared already has
    /// no such reference, since it was copied for whoever asked to write.
    /// </summary>
    private bool TryProtect(HostMappingArea area, ulong address)
    {
        HostPte pte = area.Pte(address);
        if ((pte & (HostPte.Present | HostPte.CopyOnWrite)) != HostPte.Present)
        {
            return (pte & HostPte.Present) != 0;
        }

        // The entry changes before the references are counted, in the opposite order of who pins without the lock.
        area.SetPte(address, (pte & ~HostPte.Writable) | HostPte.CopyOnWrite);
        Interlocked.MemoryBarrier();
        if (Pages.References((ulong)(pte & HostPte.AddressMask)) == 1)
        {
            return true;
        }

        area.SetPte(address, pte);
        return false;
    }

    /// <summary>Idle page tracking: clears the accessed mark of the pages of a range; true if one was set.</summary>
    public bool ClearYoung(ulong start, ulong bytes, bool flush)
    {
        lock (_lock)
        {
            bool young = false;
            foreach (IMmuNotifier notifier in _notifiers)
            {
                young |= notifier.ClearYoung(start, start + bytes, flush);
            }

            return young;
        }
    }

    /// <summary>Whether a guest has accessed the page since its mark was cleared.</summary>
    public bool TestYoung(ulong address)
    {
        lock (_lock)
        {
            return _notifiers.Exists(n => n.TestYoung(address));
        }
    }

    private ulong PageOf(ulong address) => address & ~(Pages.PageSize - 1);

    private Errno ForEachPage(ulong start, ulong bytes, Action<HostMappingArea, ulong> change)
    {
        lock (_lock)
        {
            HostMappingArea? area = Find(start);
            if (((start | bytes) & (Pages.PageSize - 1)) != 0 || area == null || area.Device
                || bytes > area.End - start)
            {
                return Errno.Inval;
            }

            InvalidatePages(area, start, start + bytes, () =>
            {
                for (ulong address = start; address < start + bytes; address += Pages.PageSize)
                {
                    change(area, address);
                }
            });
            return Errno.None;
        }
    }

    /// <summary>
    /// Changes pages of a mapping. While huge pages map it, those go as a whole (Linux notifies all of a PMD that it
    /// splits): a fault at another page of one could else map all of it again before the change.
    /// </summary>
    private void InvalidatePages(HostMappingArea area, ulong start, ulong end, Action change)
    {
        ulong unit = area.Pages == null ? Pages.HugeSize : Pages.PageSize;
        Invalidate(start & ~(unit - 1), RoundUp(end, unit), change);
    }

    /// <summary>
    /// Lets another mapping have a page too, if there is one; false if there is no memory to do so. A page that is
    /// pinned is copied at once, as Linux does for a child.
    /// </summary>
    private bool Share(HostMappingArea from, ulong address, HostMappingArea to, ulong target)
    {
        if ((from.Pte(address) & HostPte.Swapped) != 0 && FaultIn(from, address, write: false) != Errno.None)
        {
            return false;
        }

        HostPte pte = from.Pte(address);
        if ((pte & HostPte.Present) == 0)
        {
            return true;
        }

        if (TryProtect(from, address))
        {
            Pages.Get((ulong)(pte & HostPte.AddressMask));
            to.SetPte(target, from.Pte(address));
            return true;
        }

        ulong copy = CopyOf((ulong)(pte & HostPte.AddressMask));
        to.SetPte(target, copy == 0 ? HostPte.None : HostPte.Present | HostPte.Writable | (HostPte)copy);
        return copy != 0;
    }

    /// <summary>A page of its own with the same content, or 0 if there is none left.</summary>
    private ulong CopyOf(ulong page)
    {
        ulong copy = Pages.Allocate();
        if (copy != 0)
        {
            Buffer.MemoryCopy(Pages.Pointer(page), Pages.Pointer(copy), Pages.PageSize, Pages.PageSize);
        }

        return copy;
    }

    private bool SameContent(HostPte a, HostPte b)
    {
        if ((a & b & HostPte.Present) == 0 || (a & HostPte.AddressMask) == (b & HostPte.AddressMask))
        {
            return false;
        }

        var first = new ReadOnlySpan<byte>(Pages.Pointer((ulong)(a & HostPte.AddressMask)), (int)Pages.PageSize);
        var second = new ReadOnlySpan<byte>(Pages.Pointer((ulong)(b & HostPte.AddressMask)), (int)Pages.PageSize);
        return first.SequenceEqual(second);
    }

    private void Forget(HostPte pte)
    {
        ulong address = (ulong)(pte & HostPte.AddressMask);
        if ((pte & HostPte.Present) != 0)
        {
            Pages.Put(address);
        }
        else if ((pte & HostPte.Swapped) != 0)
        {
            _swap.Remove(address);
        }
    }

    /// <summary>The host's page fault: makes the page present, and private if it is to be written.</summary>
    private Errno FaultIn(HostMappingArea area, ulong address, bool write)
    {
        HostPte pte = area.Pte(address);
        if ((pte & HostPte.Present) == 0)
        {
            ulong page = Pages.Allocate();
            if (page == 0)
            {
                return Errno.NoMem;
            }

            if ((pte & HostPte.Swapped) != 0)
            {
                _swap.Remove((ulong)(pte & HostPte.AddressMask), out byte[]? content);
                Marshal.Copy(content!, 0, (nint)Pages.Pointer(page), content!.Length);
            }

            area.SetPte(address, HostPte.Present | (area.Writable ? HostPte.Writable : 0) | (HostPte)page);
            return Errno.None;
        }

        return write && (pte & HostPte.CopyOnWrite) != 0 ? BreakShare(area, address, pte) : Errno.None;
    }

    private Errno BreakShare(HostMappingArea area, ulong address, HostPte pte)
    {
        ulong shared = (ulong)(pte & HostPte.AddressMask);
        ulong own = shared;
        if (Pages.References(shared) > 1)
        {
            own = CopyOf(shared);
            if (own == 0)
            {
                return Errno.NoMem;
            }
        }

        ulong page = PageOf(address);
        Invalidate(page, page + Pages.PageSize, () =>
            area.SetPte(address, HostPte.Present | HostPte.Writable | (HostPte)own));
        if (own != shared)
        {
            Pages.Put(shared);
        }

        return Errno.None;
    }
}
