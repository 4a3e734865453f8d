namespace LaKvm.Hypervisor;

/// <summary>State of one page of a host address space (the host's page table entry).</summary>
[Flags]
internal enum HostPte : ulong
{
    /// <summary>Not there yet: the first access gets a page.</summary>
    None = 0,

    /// <summary>Bits 47:12 hold a physical page.</summary>
    Present = 1,

    /// <summary>Shared until somebody writes: the writer gets a copy.</summary>
    CopyOnWrite = 4,

    /// <summary>Bits 47:12 hold a slot of the swap area instead of a page.</summary>
    Swapped = 8,

    /// <summary>Bits of the physical address.</summary>
    AddressMask = 0x0000_ffff_ffff_f000,
}
