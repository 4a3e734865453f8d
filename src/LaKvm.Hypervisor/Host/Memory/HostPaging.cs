using System.Runtime.InteropServices;

namespace LaKvm.Hypervisor;

/// <summary>
/// What becomes of single pages of an address space: brought in, copied, shared, swapped out, given back. Called with
/// the address space's lock held.
/// </summary>
internal sealed unsafe class HostPaging(HostPages pages, Action<ulong, ulong, Action> invalidate)
{
    private readonly Dictionary<ulong, byte[]> _swap = [];
    private ulong _nextSwapSlot = pages.PageSize;

    /// <summary>
    /// The page fault: makes the page present, and the mapping's own if it is to be written. EFAULT where the mapped
    /// object has nothing.
    /// </summary>
    internal Errno FaultIn(HostMappingArea area, ulong address, bool write)
    {
        HostPte pte = area.Pte(address);
        if ((pte & HostPte.Present) == 0)
        {
            Errno error = Bring(area, address, ref pte);
            if (error != Errno.None)
            {
                return error;
            }

            area.SetPte(address, pte);
        }

        return write && (pte & HostPte.CopyOnWrite) != 0 ? BreakShare(area, address, pte) : Errno.None;
    }

    /// <summary>Gives back what an entry that is gone stood for.</summary>
    internal void Forget(HostPte pte)
    {
        ulong address = (ulong)(pte & HostPte.AddressMask);
        if ((pte & HostPte.Present) != 0)
        {
            Put(address);
        }
        else if ((pte & HostPte.Swapped) != 0)
        {
            _swap.Remove(address);
        }
    }

    /// <summary>
    /// Gives back all pages of mappings that are out of sight, and the tables for <paramref name="start"/> to
    /// <paramref name="end"/>.
    /// </summary>
    internal void ForgetAll(HostPageTable table, ReadOnlySpan<HostMappingArea> areas, ulong start, ulong end)
    {
        foreach (HostMappingArea area in areas)
        {
            ulong last = Math.Min(area.End, end);
            for (ulong at = Math.Max(area.Start, start); area.IsLinear && !area.IsDevice
                && at < last; at += pages.PageSize)
            {
                Forget(area.LinearPte(at));
            }
        }

        for (ulong at = start; table.Next(ref at, end);)
        {
            HostPte pte = table[at];
            table[at] = HostPte.None;
            Forget(pte);
        }

        table.Prune(start, end);
    }

    /// <summary>
    /// Lets another mapping have a page too, if there is one; false if there is no memory to do so. A page that is
    /// pinned is copied at once, as Linux does for a child.
    /// </summary>
    internal bool Share(HostMappingArea from, ulong address, HostMappingArea to, ulong target)
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
            pages.Get((ulong)(pte & HostPte.AddressMask));
            to.SetPte(target, from.Pte(address));
            return true;
        }

        ulong copy = CopyOf((ulong)(pte & HostPte.AddressMask));
        to.SetPte(target, copy == 0 ? HostPte.None : HostPte.Present | (HostPte)copy);
        return copy != 0;
    }

    /// <summary>
    /// Writes a page to the swap area and frees it, but for one that somebody else refers to: shared ones, and those
    /// that are being copied to or mapped just now.
    /// </summary>
    internal void SwapOut(HostMappingArea area, ulong address)
    {
        HostPte pte = area.Pte(address);
        ulong page = (ulong)(pte & HostPte.AddressMask);
        if ((pte & HostPte.Present) == 0 || !pages.IsRam(page))
        {
            return;
        }

        // The entry goes before the references are counted, in the opposite order of who pins without the lock.
        area.SetPte(address, HostPte.Swapped | (HostPte)_nextSwapSlot);
        Interlocked.MemoryBarrier();
        if (pages.References(page) > 1)
        {
            area.SetPte(address, pte);
            return;
        }

        _swap[_nextSwapSlot] = new ReadOnlySpan<byte>(pages.Pointer(page), (int)pages.PageSize).ToArray();
        _nextSwapSlot += pages.PageSize;
        pages.Put(page);
    }

    /// <summary>
    /// Makes two pages one if they are equal. Nobody can write to either page when they are compared.
    /// </summary>
    internal bool Merge(HostMappingArea a, ulong first, HostMappingArea b, ulong second)
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

    /// <summary>Whether two entries stand for different pages of the same content.</summary>
    internal bool SameContent(HostPte a, HostPte b)
    {
        if ((a & b & HostPte.Present) == 0 || (a & HostPte.AddressMask) == (b & HostPte.AddressMask))
        {
            return false;
        }

        var first = new ReadOnlySpan<byte>(pages.Pointer((ulong)(a & HostPte.AddressMask)), (int)pages.PageSize);
        var second = new ReadOnlySpan<byte>(pages.Pointer((ulong)(b & HostPte.AddressMask)), (int)pages.PageSize);
        return first.SequenceEqual(second);
    }

    /// <summary>Drops a reference, if the page is one that references are counted of.</summary>
    internal void Put(ulong page)
    {
        if (pages.IsRam(page))
        {
            pages.Put(page);
        }
    }

    /// <summary>Content for a page that is not there: from the swap area, the mapped object, or zeroes.</summary>
    private Errno Bring(HostMappingArea area, ulong address, ref HostPte pte)
    {
        ulong page;
        if (area.Object is { } mapped && pte == HostPte.None)
        {
            ulong offset = area.Offset + ((address & ~(pages.PageSize - 1)) - area.Start);
            Errno error = mapped.GetPage(offset, out page);
            pte = HostPte.Present | (HostPte)page | (area.IsShared || mapped.GivesCopies ? 0 : HostPte.CopyOnWrite);
            return error;
        }

        page = pages.Allocate();
        if (page == 0)
        {
            return Errno.NoMem;
        }

        if ((pte & HostPte.Swapped) != 0)
        {
            _swap.Remove((ulong)(pte & HostPte.AddressMask), out byte[]? content);
            Marshal.Copy(content!, 0, (nint)pages.Pointer(page), content!.Length);
        }

        pte = HostPte.Present | (HostPte)page;
        return Errno.None;
    }

    private Errno BreakShare(HostMappingArea area, ulong address, HostPte pte)
    {
        ulong shared = (ulong)(pte & HostPte.AddressMask);
        ulong own = shared;
        if (!pages.IsRam(shared) || pages.References(shared) > 1)
        {
            own = CopyOf(shared);
            if (own == 0)
            {
                return Errno.NoMem;
            }
        }

        ulong page = address & ~(pages.PageSize - 1);
        invalidate(page, page + pages.PageSize, () => area.SetPte(address, HostPte.Present | (HostPte)own));
        if (own != shared)
        {
            Put(shared);
        }

        return Errno.None;
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
        area.SetPte(address, pte | HostPte.CopyOnWrite);
        Interlocked.MemoryBarrier();
        if (pages.References((ulong)(pte & HostPte.AddressMask)) == 1)
        {
            return true;
        }

        area.SetPte(address, pte);
        return false;
    }

    /// <summary>A page of its own with the same content, or 0 if there is none left.</summary>
    private ulong CopyOf(ulong page)
    {
        ulong copy = pages.Allocate();
        if (copy != 0)
        {
            Buffer.MemoryCopy(pages.Pointer(page), pages.Pointer(copy), pages.PageSize, pages.PageSize);
        }

        return copy;
    }
}
