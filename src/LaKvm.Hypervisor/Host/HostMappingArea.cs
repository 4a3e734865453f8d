namespace LaKvm.Hypervisor;

/// <summary>State of one page of a host address space (the host's page table entry).</summary>
[Flags]
internal enum HostPte : ulong
{
    /// <summary>Not there yet: the first access gets a zero page.</summary>
    None = 0,

    /// <summary>Bits 47:12 hold a physical page.</summary>
    Present = 1,

    /// <summary>Stores are allowed.</summary>
    Writable = 2,

    /// <summary>Shared until somebody writes: the writer gets a copy.</summary>
    CopyOnWrite = 4,

    /// <summary>Bits 47:12 hold a slot of the swap area instead of a page.</summary>
    Swapped = 8,

    /// <summary>Bits of the physical address.</summary>
    AddressMask = 0x0000_ffff_ffff_f000,
}

/// <summary>
/// One mapping of a host address space (Linux: vm_area_struct). As long as <see cref="Pages"/> is null the mapping is
/// linear: contiguous memory from <see cref="Physical"/> on, all there and writable, which costs nothing to look up.
/// The first change to a single page replaces that by one entry per page.
/// </summary>
internal sealed class HostMappingArea(HostPages host, ulong start, ulong end, ulong physical)
{
    private HostPte[]? _pages;

    /// <summary>First address.</summary>
    internal ulong Start { get; } = start;

    /// <summary>First address behind the mapping.</summary>
    internal ulong End { get; } = end;

    /// <summary>Physical address of a linear mapping's first byte.</summary>
    internal ulong Physical { get; } = physical;

    /// <summary>Whether the mapping lets anybody write at all.</summary>
    internal bool Writable { get; set; } = true;

    /// <summary>Physical memory that is no RAM (a device's registers): never counted, copied or swapped.</summary>
    internal bool Device { get; init; }

    /// <summary>One entry per page, or null while linear.</summary>
    internal HostPte[]? Pages => Volatile.Read(ref _pages);

    /// <summary>Entry of the page that holds an address of the mapping.</summary>
    internal HostPte Pte(ulong address) => Pages is { } pages
        ? pages[(int)((address - Start) >> host.PageShift)]
        : LinearPte(address);

    /// <summary>Changes the entry of a page; ends the linear state.</summary>
    internal void SetPte(ulong address, HostPte pte)
    {
        Split();
        Pages![(int)((address - Start) >> host.PageShift)] = pte;
    }

    /// <summary>Whether a huge page of the host maps the address: linear, and both sides aligned.</summary>
    internal bool IsHugeAt(ulong address)
    {
        ulong start = address & ~(host.HugeSize - 1);
        return Pages == null && start >= Start && start + host.HugeSize <= End
            && ((Physical - Start) & (host.HugeSize - 1)) == 0;
    }

    /// <summary>An area whose pages come when they are touched.</summary>
    internal static HostMappingArea OnDemand(HostPages host, ulong start, ulong end)
    {
        var area = new HostMappingArea(host, start, end, 0);
        area._pages = new HostPte[(int)((end - start) >> host.PageShift)];
        return area;
    }

    /// <summary>Entry of the page that holds an address while the mapping is linear.</summary>
    internal HostPte LinearPte(ulong address) => HostPte.Present | (Writable ? HostPte.Writable : 0)
        | (HostPte)(((address - Start) + Physical) & (ulong)HostPte.AddressMask & ~(host.PageSize - 1));

    private void Split()
    {
        if (Pages != null)
        {
            return;
        }

        var pages = new HostPte[(int)((End - Start) >> host.PageShift)];
        for (int i = 0; i < pages.Length; i++)
        {
            pages[i] = LinearPte(Start + ((ulong)i << host.PageShift));
        }

        Volatile.Write(ref _pages, pages);
    }
}
