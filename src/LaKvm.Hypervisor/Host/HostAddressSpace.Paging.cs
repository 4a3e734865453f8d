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
    /// Writes the pages of a range to the swap area and frees them, but for those that somebody else refers to: shared ones,
    /// and those that are being copied to or mapped just now.
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
    /// A copy of the range that shares its pages until either side writes (what fork does to a child's memory).
    /// Returns the copy's address, or 0 if the range is not one mapping.
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
            Invalidate(area.Start, area.End, () =>
            {
                for (ulong offset = 0; offset < size; offset += Pages.PageSize)
                {
                    Share(area, start + offset, copy, copyStart + offset);
                }
            });
            Insert(copy);
            return copyStart;
        }
    }

    /// <summary>Makes two pages of equal content one, shared until somebody writes (Linux: KSM). False if they differ.</summary>
    public bool Merge(ulong first, ulong second)
    {
        lock (_lock)
        {
            HostMappingArea? a = Find(first);
            HostMappingArea? b = Find(second);
            if (a == null || b == null || !SameContent(a.Pte(first), b.Pte(second)))
            {
                return false;
            }

            InvalidatePages(a, PageOf(first), PageOf(first) + Pages.PageSize, () =>
                InvalidatePages(b, PageOf(second), PageOf(second) + Pages.PageSize, () =>
                {
                    Forget(b.Pte(second));
                    Share(a, first, b, second);
                }));
            return true;
        }
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
    /// Changes pages of a mapping. While huge pages map it, those go as a whole (Linux notifies all of a PMD that it splits): a
    /// fault at another page of one could else map all of it again before the change.
    /// </summary>
    private void InvalidatePages(HostMappingArea area, ulong start, ulong end, Action change)
    {
        ulong unit = area.Pages == null ? Pages.HugeSize : Pages.PageSize;
        Invalidate(start & ~(unit - 1), RoundUp(end, unit), change);
    }

    private void Share(HostMappingArea from, ulong address, HostMappingArea to, ulong target)
    {
        HostPte pte = from.Pte(address);
        if ((pte & HostPte.Swapped) != 0 && FaultIn(from, address, write: false) == Errno.None)
        {
            pte = from.Pte(address);
        }

        if ((pte & HostPte.Present) == 0)
        {
            return;
        }

        HostPte shared = (pte & ~HostPte.Writable) | HostPte.CopyOnWrite;
        Pages.Get((ulong)(pte & HostPte.AddressMask));
        from.SetPte(address, shared);
        to.SetPte(target, shared);
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
            own = Pages.Allocate();
            if (own == 0)
            {
                return Errno.NoMem;
            }

            Buffer.MemoryCopy(Pages.Pointer(shared), Pages.Pointer(own), Pages.PageSize, Pages.PageSize);
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
