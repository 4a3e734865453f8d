using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// The address space of the process that runs the VMM: host virtual addresses (HVA) to host physical ones, page by
/// page. What changes a translation tells the notifiers before and after, so that second-stage tables never outlive it.
/// All methods may be called by any thread; notifiers are called under the address space's lock.
/// </summary>
public sealed unsafe partial class HostAddressSpace : IDisposable
{
    /// <summary>End of user space: 2^47 (VALEN - 1 bits).</summary>
    public const ulong UserEnd = 1UL << 47;

    private readonly HostMappings _mappings;

    /// <summary>An address space in which nothing is mapped.</summary>
    public HostAddressSpace(HostPages pages) => _mappings = new HostMappings(this, pages);

    /// <summary>The page allocator behind this address space.</summary>
    public HostPages Pages => _mappings.Pages;

    /// <summary>
    /// Whether translations are being changed just now: none may be taken, but by <see cref="Pin"/>, which waits.
    /// </summary>
    internal bool IsChanging => _mappings.IsChanging;

    /// <summary>
    /// Maps fresh zero memory of <paramref name="bytes"/>, rounded up to pages. Linear memory is contiguous, aligned
    /// for huge pages, and taken at once; otherwise pages come when they are touched.
    /// </summary>
    /// <returns>The first address, or 0 if there is no memory.</returns>
    public ulong Map(ulong bytes, bool linear)
    {
        ulong size = _mappings.RoundUp(bytes);
        if (size == 0)
        {
            return 0;
        }

        lock (_mappings.Lock)
        {
            ulong physical = linear ? Pages.AllocateContiguous(size, Pages.HugeSize) : 0;
            if (linear && physical == 0)
            {
                return 0;
            }

            ulong start = _mappings.Reserve(size);
            _mappings.Insert(new HostMappingArea(_mappings.Table, start, start + size, HostRights.ReadWrite)
            {
                IsLinear = linear,
                Physical = physical,
            });
            return start;
        }
    }

    /// <summary>Maps physical addresses that are not RAM, such as a device's registers for pass-through.</summary>
    public ulong MapDevice(ulong physical, ulong bytes)
    {
        lock (_mappings.Lock)
        {
            ulong size = _mappings.RoundUp(bytes), start = _mappings.Reserve(size);
            _mappings.Insert(new HostMappingArea(_mappings.Table, start, start + size, HostRights.ReadWrite)
            {
                IsLinear = true,
                IsDevice = true,
                Physical = physical,
            });
            return start;
        }
    }

    /// <summary>
    /// mmap at a page's address, instead of what is mapped there. EINVAL for addresses that are none of user space,
    /// EEXIST if something is there and <paramref name="replace"/> is not set.
    /// </summary>
    public Errno MapAt(ulong start, ulong bytes, in HostMapRequest request, bool replace = true)
    {
        if (!_mappings.IsRange(start, bytes, out ulong end))
        {
            return Errno.Inval;
        }

        using (_mappings.Begin())
        {
            if (!replace && _mappings.Areas.In(start, end).Length != 0)
            {
                return Errno.Exist;
            }

            _mappings.Remove(start, end);
            _mappings.Insert(request.AreaAt(_mappings.Table, start, end));
            return Errno.None;
        }
    }

    /// <summary>
    /// mmap: at <paramref name="hint"/> if that is free, else at the highest free addresses below
    /// <paramref name="top"/>, aligned to <paramref name="alignment"/>. 0 if there are none.
    /// </summary>
    public ulong MapAnywhere(ulong hint, ulong bytes, in HostMapRequest request, ulong top, ulong alignment = 1)
    {
        ulong size = _mappings.RoundUp(bytes);
        lock (_mappings.Lock)
        {
            bool hinted = hint != 0 && _mappings.IsRange(hint, size, out ulong end)
                && _mappings.Areas.In(hint, end).Length == 0;
            ulong start = hinted ? hint
                : _mappings.Areas.FreeBelow(top, Pages.PageSize, size, Math.Max(alignment, Pages.PageSize));
            if (start != 0)
            {
                _mappings.Insert(request.AreaAt(_mappings.Table, start, start + size));
            }

            return start;
        }
    }

    /// <summary>munmap: takes away whatever is mapped in a range. EINVAL for a range that is none.</summary>
    public Errno Unmap(ulong start, ulong bytes)
    {
        if (!_mappings.IsRange(start, bytes, out ulong end))
        {
            return Errno.Inval;
        }

        using (_mappings.Begin())
        {
            _mappings.Remove(start, end);
            return Errno.None;
        }
    }

    /// <summary>
    /// mprotect: changes what may be done with a range. EINVAL for a range that is none, ENOMEM if not all of it is
    /// mapped.
    /// </summary>
    public Errno Protect(ulong start, ulong bytes, HostRights rights) =>
        ChangeAreas(start, bytes, area => area with { Rights = rights });

    /// <summary>madvise: whether a child gets the range. ENOMEM if not all of it is mapped.</summary>
    public Errno SetInherited(ulong start, ulong bytes, bool inherited) =>
        ChangeAreas(start, bytes, area => area with { IsNotInherited = !inherited });

    /// <summary>mremap: see <see cref="HostRemap"/>.</summary>
    /// <param name="start">The range; with what follows in the same mapping it may also be a part of one.</param>
    /// <param name="bytes">Bytes now.</param>
    /// <param name="newBytes">Bytes then.</param>
    /// <param name="mayMove">Whether the place may change.</param>
    /// <param name="target">Where to, instead of what is mapped there; null for anywhere.</param>
    /// <param name="top">End of the addresses to choose from.</param>
    /// <param name="result">The new place.</param>
    /// <returns>EINVAL, EFAULT if the range is not one mapping, ENOMEM if there is no room.</returns>
    public Errno Remap(
        ulong start, ulong bytes, ulong newBytes, bool mayMove, ulong? target, ulong top, out ulong result)
    {
        using (_mappings.Begin())
        {
            return HostRemap.Remap(_mappings, (start, bytes, newBytes), mayMove, target, top, out result);
        }
    }

    /// <summary>
    /// fork: an address space with the same content. Private pages are shared with it until either side writes. Null if
    /// there is no memory for what must be copied now.
    /// </summary>
    public HostAddressSpace? Fork()
    {
        var child = new HostAddressSpace(Pages);
        using (_mappings.Begin())
        {
            if (HostFork.Copy(_mappings, child._mappings))
            {
                return child;
            }
        }

        child.Dispose();
        return null;
    }

    /// <summary>The process ends: everything is unmapped, and listeners drop all they have.</summary>
    public void Dispose()
    {
        using (_mappings.Begin())
        {
            _mappings.Release();
            _mappings.Remove(0, UserEnd);
        }
    }

    /// <summary>Whether every page of the range is mapped.</summary>
    public bool IsMapped(ulong start, ulong bytes) => _mappings.Areas.Cover(start, start + bytes);

    /// <summary>The mappings in order of address.</summary>
    public IReadOnlyList<HostMappingInfo> Mappings =>
        [.. _mappings.Areas.All.ToArray().Select(a =>
            new HostMappingInfo(a.Start, a.End, a.Rights, a.IsShared, a.Offset))];

    /// <summary>What may be done at an address; null if nothing is mapped there.</summary>
    public HostRights? RightsAt(ulong address) => _mappings.Areas.Find(address)?.Rights;

    /// <summary>
    /// Gets the page of an address into memory (Linux: get_user_pages): fills it on first touch, copies it for a write
    /// to a shared page, brings it back from swap. The page gets a reference, which the caller drops.
    /// </summary>
    /// <param name="address">Host virtual address.</param>
    /// <param name="write">The page is needed for writing.</param>
    /// <param name="page">Physical address of the page.</param>
    /// <param name="writable">Whether the page may be written now without another call.</param>
    /// <returns>EFAULT outside a mapping or where its rights forbid it, ENOMEM.</returns>
    public Errno Pin(ulong address, bool write, out ulong page, out bool writable)
    {
        if (PinPresent(address, write, out page, out writable))
        {
            return Errno.None;
        }

        lock (_mappings.Lock)
        {
            HostMappingArea? area = _mappings.Areas.Find(address);
            if (area == null || area.Rights == HostRights.None || (write && !area.IsWritable))
            {
                return Errno.Fault;
            }

            Errno error = _mappings.Paging.FaultIn(area, address, write);
            if (error == Errno.None)
            {
                HostPte pte = area.Pte(address);
                page = (ulong)(pte & HostPte.AddressMask);
                writable = area.IsWritable && (pte & HostPte.CopyOnWrite) == 0;
                if (Pages.IsRam(page))
                {
                    Pages.Get(page);
                }
            }

            return error;
        }
    }

    /// <summary>Drops the reference that <see cref="Pin"/> took.</summary>
    public void Unpin(ulong page) => _mappings.Paging.Put(page);

    /// <summary>
    /// The page of an address and what may be done with it, for a translation of which the notifiers take care; None
    /// where there is none. Without a lock: see <see cref="IsChanging"/>.
    /// </summary>
    internal HostRights Peek(ulong address, out ulong page)
    {
        page = 0;
        if (_mappings.Areas.Find(address) is not { } area || area.Pte(address) is var pte
            && (pte & HostPte.Present) == 0)
        {
            return HostRights.None;
        }

        page = (ulong)(pte & HostPte.AddressMask);
        return area.RightsOf(pte);
    }

    /// <summary>Whether a huge page of the host maps the address, so that a second-stage huge page may.</summary>
    public bool IsHugeAt(ulong address) => _mappings.Areas.Find(address)?.IsHugeAt(address, Pages.HugeSize) ?? false;

    /// <summary>
    /// Host pointer to an address of a page that is in memory; null where nothing is mapped. For devices and loaders;
    /// it stays valid as long as the mapping is not changed, and up to the end of the page (of the mapping, if linear).
    /// </summary>
    public byte* Pointer(ulong address, bool write = true)
    {
        if (Pin(address, write, out ulong page, out _) != Errno.None)
        {
            return null;
        }

        Unpin(page);
        return Pages.Pointer(page) + (address & (Pages.PageSize - 1));
    }

    /// <summary>Bytes that lie contiguous in host memory from an address on.</summary>
    public ulong ContiguousBytes(ulong address) => _mappings.Areas.Find(address) switch
    {
        null => 0,
        { IsLinear: true } area => area.End - address,
        _ => Pages.PageSize - (address & (Pages.PageSize - 1)),
    };

    /// <summary>Adds a listener.</summary>
    public void Register(IMmuNotifier notifier)
    {
        lock (_mappings.Lock)
        {
            _mappings.Notifiers.Add(notifier);
        }
    }

    /// <summary>Removes a listener; none of its methods runs any more when this returns.</summary>
    public void Unregister(IMmuNotifier notifier)
    {
        lock (_mappings.Lock)
        {
            _mappings.Notifiers.Remove(notifier);
        }
    }

    /// <summary>
    /// Without the lock: takes a reference if there still is one to take, and then sees whether the page was still this
    /// address's. Who takes pages away does it in the opposite order, so that one of the two sees the other.
    /// </summary>
    private bool PinPresent(ulong address, bool write, out ulong page, out bool writable)
    {
        page = 0;
        writable = false;
        if (_mappings.Areas.Find(address) is not { } area || area.Rights == HostRights.None)
        {
            return false;
        }

        HostPte pte = area.Pte(address);
        writable = (area.RightsOf(pte) & HostRights.Write) != 0;
        page = (ulong)(pte & HostPte.AddressMask);
        if ((pte & HostPte.Present) == 0 || (write && !writable))
        {
            return false;
        }

        if (!Pages.IsRam(page))
        {
            return area.IsDevice;
        }

        if (!Pages.TryGet(page))
        {
            return false;
        }

        if (ReferenceEquals(_mappings.Areas.Find(address), area) && area.Pte(address) == pte)
        {
            return true;
        }

        Pages.Put(page);
        return false;
    }

    private Errno ChangeAreas(ulong start, ulong bytes, Func<HostMappingArea, HostMappingArea> change)
    {
        if (!_mappings.IsRange(start, bytes, out ulong end))
        {
            return bytes == 0 ? Errno.None : Errno.Inval;
        }

        lock (_mappings.Lock)
        {
            if (!_mappings.Areas.Cover(start, end))
            {
                return Errno.NoMem;
            }

            _mappings.Change(start, end, change);
            return Errno.None;
        }
    }
}
