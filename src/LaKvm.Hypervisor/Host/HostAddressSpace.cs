using LaKvm.Memory;
using System.Runtime.CompilerServices;

namespace LaKvm.Hypervisor;

/// <summary>
/// The address space of the process that runs the VMM: host virtual addresses (HVA) to host physical ones, page by
/// page. What changes a translation tells the notifiers before and after, so that second-stage tables never outlive it.
/// All methods may be called by any thread; notifiers are called under the address space's lock.
/// </summary>
public sealed unsafe partial class HostAddressSpace(HostPages pages) : IDisposable
{
    /// <summary>End of user space: 2^47 (VALEN - 1 bits).</summary>
    public const ulong UserEnd = 1UL << 47;

    private const ulong FirstMapping = 0x7000_0000_0000;

    private readonly Lock _lock = new();
    private readonly List<IMmuNotifier> _notifiers = [];
    private HostMappingArea[] _areas = [];
    private ulong _next = FirstMapping;

    /// <summary>The page allocator behind this address space.</summary>
    public HostPages Pages { get; } = pages;

    /// <summary>
    /// Maps fresh zero memory of <paramref name="bytes"/>, rounded up to pages. Linear memory is contiguous, aligned
    /// for huge pages, and taken at once; otherwise pages come when they are touched.
    /// </summary>
    /// <returns>The first address, or 0 if there is no memory.</returns>
    public ulong Map(ulong bytes, bool linear)
    {
        ulong size = RoundUp(bytes, Pages.PageSize);
        if (size == 0)
        {
            return 0;
        }

        lock (_lock)
        {
            ulong physical = linear ? Pages.AllocateContiguous(size, Pages.HugeSize) : 0;
            if (linear && physical == 0)
            {
                return 0;
            }

            ulong start = Reserve(size);
            Insert(linear
                ? new HostMappingArea(Pages, start, start + size, physical)
                : HostMappingArea.OnDemand(Pages, start, start + size));
            return start;
        }
    }

    /// <summary>Maps physical addresses that are not RAM, such as a device's registers for pass-through.</summary>
    public ulong MapDevice(ulong physical, ulong bytes)
    {
        lock (_lock)
        {
            ulong start = Reserve(RoundUp(bytes, Pages.PageSize));
            Insert(new HostMappingArea(
                Pages, start, start + RoundUp(bytes, Pages.PageSize), physical) { Device = true });
            return start;
        }
    }

    /// <summary>Removes the mapping that begins at <paramref name="start"/>. EINVAL if there is none.</summary>
    public Errno Unmap(ulong start)
    {
        lock (_lock)
        {
            HostMappingArea? area = Find(start);
            if (area == null || area.Start != start)
            {
                return Errno.Inval;
            }

            Remove(area);
            return Errno.None;
        }
    }

    /// <summary>The process ends: everything is unmapped, and listeners drop all they have.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (IMmuNotifier notifier in _notifiers)
            {
                notifier.Release();
            }

            foreach (HostMappingArea area in _areas)
            {
                Remove(area);
            }
        }
    }

    private void Remove(HostMappingArea area) => Invalidate(area.Start, area.End, () =>
    {
        // Out of sight first: who looks a page up without the lock sees that it is gone before it is freed.
        Volatile.Write(ref _areas, [.. _areas.Where(a => a != area)]);
        Interlocked.MemoryBarrier();
        for (ulong address = area.Start; !area.Device && address < area.End; address += Pages.PageSize)
        {
            Forget(area.Pte(address));
        }
    });

    /// <summary>Whether every page of the range is mapped.</summary>
    public bool IsMapped(ulong start, ulong bytes)
    {
        for (ulong at = start; at < start + bytes;)
        {
            HostMappingArea? area = Find(at);
            if (area == null)
            {
                return false;
            }

            at = area.End;
        }

        return true;
    }

    /// <summary>
    /// Gets the page of an address into memory (Linux: get_user_pages): fills it on first touch, copies it for a write
    /// to a shared page, brings it back from swap. The page gets a reference, which the caller drops.
    /// </summary>
    /// <param name="address">Host virtual address.</param>
    /// <param name="write">The page is needed for writing.</param>
    /// <param name="page">Physical address of the page.</param>
    /// <param name="writable">Whether the page may be written now without another call.</param>
    /// <returns>EFAULT outside a mapping or for a write to a read-only one, ENOMEM.</returns>
    public Errno Pin(ulong address, bool write, out ulong page, out bool writable)
    {
        page = 0;
        writable = false;
        HostMappingArea? area = Find(address);
        if (area is { Pages: null } && (area.Writable || !write) && PinLinear(area, address, out page, out writable))
        {
            return Errno.None;
        }

        lock (_lock)
        {
            area = Find(address);
            if (area == null || (write && !area.Writable))
            {
                return Errno.Fault;
            }

            Errno error = FaultIn(area, address, write);
            if (error == Errno.None)
            {
                HostPte pte = area.Pte(address);
                page = (ulong)(pte & HostPte.AddressMask);
                writable = (pte & HostPte.Writable) != 0;
                Pages.Get(page);
            }

            return error;
        }
    }

    /// <summary>Drops the reference that <see cref="Pin"/> took.</summary>
    public void Unpin(ulong page)
    {
        if (Pages.IsRam(page))
        {
            Pages.Put(page);
        }
    }

    /// <summary>Whether a huge page of the host maps the address, so that a second-stage huge page may.</summary>
    public bool IsHugeAt(ulong address) => Find(address)?.IsHugeAt(address) ?? false;

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
    public ulong ContiguousBytes(ulong address) => Find(address) switch
    {
        null => 0,
        { Pages: null } area => area.End - address,
        _ => Pages.PageSize - (address & (Pages.PageSize - 1)),
    };

    /// <summary>Copies to the address space; false if a part of the range is not mapped writable.</summary>
    public bool CopyTo(ulong address, ReadOnlySpan<byte> source)
    {
        while (source.Length > 0)
        {
            if (Pin(address, write: true, out ulong page, out _) != Errno.None)
            {
                return false;
            }

            ulong offset = address & (Pages.PageSize - 1);
            int length = (int)Math.Min((ulong)source.Length, Pages.PageSize - offset);
            SingleCopy.Copy(source[..length], new Span<byte>(Pages.Pointer(page) + offset, length));
            Pages.Memory.Written(page + offset, (ulong)length);
            Unpin(page);
            address += (ulong)length;
            source = source[length..];
        }

        return true;
    }

    /// <summary>
    /// To be called around direct writes through <see cref="Pointer"/>: cores drop what they decoded from the range.
    /// </summary>
    public void Written(ulong address, ulong length)
    {
        while (length > 0)
        {
            ulong part = Math.Min(length, ContiguousBytes(address));
            if (part == 0 || Pin(address, write: true, out ulong page, out _) != Errno.None)
            {
                return;
            }

            Pages.Memory.Written(page + (address & (Pages.PageSize - 1)), part);
            Unpin(page);
            address += part;
            length -= part;
        }
    }

    /// <summary>Copies from the address space; false if a part of the range is not mapped.</summary>
    public bool CopyFrom(ulong address, Span<byte> target)
    {
        while (target.Length > 0)
        {
            if (Pin(address, write: false, out ulong page, out _) != Errno.None)
            {
                return false;
            }

            ulong offset = address & (Pages.PageSize - 1);
            int length = (int)Math.Min((ulong)target.Length, Pages.PageSize - offset);
            SingleCopy.Copy(new ReadOnlySpan<byte>(Pages.Pointer(page) + offset, length), target);
            Unpin(page);
            address += (ulong)length;
            target = target[length..];
        }

        return true;
    }

    /// <summary>Adds a listener.</summary>
    public void Register(IMmuNotifier notifier)
    {
        lock (_lock)
        {
            _notifiers.Add(notifier);
        }
    }

    /// <summary>Removes a listener; none of its methods runs any more when this returns.</summary>
    public void Unregister(IMmuNotifier notifier)
    {
        lock (_lock)
        {
            _notifiers.Remove(notifier);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private HostMappingArea? Find(ulong address)
    {
        foreach (HostMappingArea area in Volatile.Read(ref _areas))
        {
            if (address - area.Start < area.End - area.Start)
            {
                return area;
            }
        }

        return null;
    }

    private static ulong RoundUp(ulong value, ulong unit) => (value + unit - 1) & ~(unit - 1);

    /// <summary>
    /// Without the lock: takes a reference if there still is one to take, and then sees whether the page was still this
    /// address's. Who takes pages away does it in the opposite order, so that one of the two sees the other.
    /// </summary>
    private bool PinLinear(HostMappingArea area, ulong address, out ulong page, out bool writable)
    {
        page = (ulong)(area.LinearPte(address) & HostPte.AddressMask);
        writable = area.Writable;
        if (area.Device)
        {
            return true;
        }

        if (!Pages.TryGet(page))
        {
            return false;
        }

        if (area.Pages == null && Find(address) == area)
        {
            return true;
        }

        Pages.Put(page);
        return false;
    }

    private ulong Reserve(ulong size)
    {
        ulong start = RoundUp(_next, Pages.HugeSize);
        _next = start + size + Pages.PageSize; // a hole behind each mapping catches overruns
        return start;
    }

    private void Insert(HostMappingArea area) =>
        Volatile.Write(ref _areas, [.. _areas.Append(area).OrderBy(a => a.Start)]);

    private void Invalidate(ulong start, ulong end, Action change)
    {
        foreach (IMmuNotifier notifier in _notifiers)
        {
            notifier.InvalidateRangeStart(start, end);
        }

        change();
        foreach (IMmuNotifier notifier in _notifiers)
        {
            notifier.InvalidateRangeEnd(start, end);
        }
    }
}
