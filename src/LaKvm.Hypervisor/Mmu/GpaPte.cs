namespace LaKvm.Hypervisor;

/// <summary>
/// Bits of a second-stage page table entry. Bit 0 is what the TLB checks and means "accessed" to KVM; whether a page is
/// mapped at all is bit 7, which only software reads: an old page is present but not valid, so its next access exits.
/// </summary>
[Flags]
public enum GpaPte : ulong
{
    /// <summary>Nothing is mapped.</summary>
    None = 0,

    /// <summary>V: the TLB may use the entry; cleared to see the next access.</summary>
    Accessed = 1 << 0,

    /// <summary>D: the TLB lets stores through.</summary>
    Dirty = 1 << 1,

    /// <summary>MAT 1: coherent cached, for RAM. Without it the access is strongly ordered, for devices.</summary>
    CoherentCached = 1 << 4,

    /// <summary>H in a directory entry: the entry maps a huge page.</summary>
    Huge = 1 << 6,

    /// <summary>Mapped (software).</summary>
    Present = 1 << 7,

    /// <summary>Goes with <see cref="Dirty"/> (software).</summary>
    Write = 1 << 8,

    /// <summary>The host mapping lets the page be written, so <see cref="Dirty"/> may be set (software).</summary>
    Writeable = 1 << 9,

    /// <summary>Dirty and writable now.</summary>
    DirtyMask = Dirty | Write,

    /// <summary>Page frame, bits 47:12.</summary>
    FrameMask = 0x0000_ffff_ffff_f000,
}
