namespace LaKvm.Hypervisor;

/// <summary>
/// One mapping of a host address space (Linux: vm_area_struct). It never changes but for one thing: a linear mapping is
/// contiguous memory, all there, that costs nothing to look up, until the first change to a single page replaces that
/// by entries in the page table.
/// </summary>
internal sealed record HostMappingArea(HostPageTable Table, ulong Start, ulong End, HostRights Rights)
{
    private bool _isLinear;

    /// <summary>Physical address of a linear mapping's first byte.</summary>
    internal ulong Physical { get; init; }

    /// <summary>Whether the mapping is linear.</summary>
    internal bool IsLinear
    {
        get => Volatile.Read(ref _isLinear);
        init => _isLinear = value;
    }

    /// <summary>Physical memory that is no RAM (a device's registers): never counted, copied or swapped.</summary>
    internal bool IsDevice { get; init; }

    /// <summary>What is mapped, or null for memory that is the process's own.</summary>
    internal HostMemoryObject? Object { get; init; }

    /// <summary>Where in the object the mapping begins, in bytes.</summary>
    internal ulong Offset { get; init; }

    /// <summary>Whether stores go to the object (MAP_SHARED), where all who map it see them.</summary>
    internal bool IsShared { get; init; }

    /// <summary>Whether a child does not get the mapping (MADV_DONTFORK).</summary>
    internal bool IsNotInherited { get; init; }

    /// <summary>Bytes.</summary>
    internal ulong Size => End - Start;

    /// <summary>Whether the mapping lets anybody write at all.</summary>
    internal bool IsWritable => (Rights & HostRights.Write) != 0;

    /// <summary>What may be done with a page without asking again: stores not to one that is shared.</summary>
    internal HostRights RightsOf(HostPte pte) =>
        (pte & HostPte.CopyOnWrite) != 0 ? Rights & ~HostRights.Write : Rights;

    /// <summary>Entry of the page that holds an address of the mapping.</summary>
    internal HostPte Pte(ulong address) => IsLinear ? LinearPte(address) : Table[address];

    /// <summary>Changes the entry of a page; ends the linear state.</summary>
    internal void SetPte(ulong address, HostPte pte)
    {
        EndLinear();
        Table[address] = pte;
    }

    /// <summary>Whether a huge page of the host maps the address: linear, and both sides aligned.</summary>
    internal bool IsHugeAt(ulong address, ulong hugeSize)
    {
        ulong start = address & ~(hugeSize - 1);
        return IsLinear && start >= Start && start + hugeSize <= End && ((Physical - Start) & (hugeSize - 1)) == 0;
    }

    /// <summary>Entry of the page that holds an address while the mapping is linear.</summary>
    internal HostPte LinearPte(ulong address) => HostPte.Present
        | (HostPte)(((address - Start) + Physical) & (ulong)HostPte.AddressMask & ~(Table.PageSize - 1));

    /// <summary>A part of the mapping as a mapping of its own.</summary>
    internal HostMappingArea Part(ulong start, ulong end) => start == Start && end == End ? this : this with
    {
        Start = start,
        End = end,
        Physical = Physical + (start - Start),
        Offset = Offset + (start - Start),
    };

    /// <summary>Whether a mapping behind this one continues it, so that the two can be one.</summary>
    internal bool IsContinuedBy(HostMappingArea next) => End == next.Start && Rights == next.Rights
        && Object == next.Object && (Object == null || Offset + Size == next.Offset)
        && IsShared == next.IsShared && IsNotInherited == next.IsNotInherited
        && !IsLinear && !next.IsLinear && !IsDevice && !next.IsDevice;

    /// <summary>Has one entry per page from now on.</summary>
    internal void EndLinear()
    {
        if (!IsLinear)
        {
            return;
        }

        for (ulong at = Start; at < End; at += Table.PageSize)
        {
            Table[at] = LinearPte(at);
        }

        Volatile.Write(ref _isLinear, false);
    }
}
