namespace LaKvm.Hypervisor;

/// <summary>State of one page of a host address space (the host's page table entry).</summary>
[Flags]
internal enum HostPte : ulong
{
    /// <summary>Not there yet: the first access gets a zero page.</summary>
    None = 0,

    /// <summary>Bits 47:14 hold a physical page.</summary>
    Present = 1,

    /// <summary>Stores are allowed.</summary>
    Writable = 2,

    /// <summary>Shared until somebody writes: the writer gets a copy.</summary>
    CopyOnWrite = 4,

    /// <summary>Bits 47:14 hold a slot of the swap area instead of a page.</summary>
    Swapped = 8,

    /// <summary>Bits of the physical address.</summary>
    AddressMask = 0x0000_ffff_ffff_c000,
}

/// <summary>
/// One mapping of a host address space (Linux: vm_area_struct). As long as <see cref="Pages"/> is null the mapping is
/// linear: contiguous memory from <see cref="Physical"/> on, all there and writable, which costs nothing to look up.
/// The first change to a single page replaces that by one entry per page.
/// </summary>
internal sealed class HostMappingArea(ulong start, ulong end, ulong physical)
{
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
    internal HostPte[]? Pages { get; private set; }

    /// <summary>Entry of the page that holds an address of the mapping.</summary>
    internal HostPte Pte(ulong address) => Pages is { } pages
        ? pages[(int)((address - Start) >> HostPages.PageShift)]
        : LinearPte(address);

    /// <summary>Changes the entry of a page; ends the linear state.</summary>
    internal void SetPte(ulong address, HostPte pte)
    {
        Split();
        Pages![(int)((address - Start) >> HostPages.PageShift)] = pte;
    }

    /// <summary>Whether a huge page of the host maps the address: linear, and both sides aligned.</summary>
    internal bool IsHugeAt(ulong address)
    {
        ulong start = address & ~(HostPages.HugeSize - 1);
        return Pages == null && start >= Start && start + HostPages.HugeSize <= End
            && ((Physical - Start) & (HostPages.HugeSize - 1)) == 0;
    }

    /// <summary>An area whose pages come when they are touched.</summary>
    internal static HostMappingArea OnDemand(ulong start, ulong end)
    {
        var area = new HostMappingArea(start, end, 0);
        area.Pages = new HostPte[(int)((end - start) >> HostPages.PageShift)];
        return area;
    }

    private HostPte LinearPte(ulong address) => HostPte.Present | (Writable ? HostPte.Writable : 0)
        | (HostPte)(((address - Start) + Physical) & (ulong)HostPte.AddressMask);

    private void Split()
    {
        if (Pages != null)
        {
            return;
        }

        var pages = new HostPte[(int)((End - Start) >> HostPages.PageShift)];
        for (int i = 0; i < pages.Length; i++)
        {
            pages[i] = LinearPte(Start + ((ulong)i << HostPages.PageShift));
        }

        Pages = pages;
    }
}
