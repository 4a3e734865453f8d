namespace LaKvm.Hypervisor;

/// <summary>Flags of a memory slot, as KVM_SET_USER_MEMORY_REGION takes them.</summary>
[Flags]
public enum MemorySlotFlags : uint
{
    /// <summary>Plain RAM.</summary>
    None = 0,

    /// <summary>KVM_MEM_LOG_DIRTY_PAGES.</summary>
    LogDirtyPages = 1,

    /// <summary>KVM_MEM_READONLY: guest writes are MMIO.</summary>
    ReadOnly = 2,
}

/// <summary>Whether huge pages can map a slot: what does not depend on the single address is decided once.</summary>
internal enum HugePageFit
{
    /// <summary>Only in the aligned interior.</summary>
    Interior,

    /// <summary>Everywhere: addresses and size are aligned.</summary>
    Everywhere,

    /// <summary>Nowhere: guest and host addresses are aligned differently, or the slot is too small.</summary>
    Nowhere,
}

/// <summary>
/// A range of guest-physical pages backed by host virtual memory (memslot). Immutable but for its dirty log.
/// </summary>
internal sealed record MemorySlot
{
    /// <summary>User's number.</summary>
    internal required int Id { get; init; }

    /// <summary>First guest page frame.</summary>
    internal required ulong BaseGfn { get; init; }

    /// <summary>log2 of the page size.</summary>
    internal required int PageShift { get; init; }

    /// <summary>Number of pages.</summary>
    internal required ulong Pages { get; init; }

    /// <summary>Host virtual address of the first page.</summary>
    internal required ulong Hva { get; init; }

    internal required MemorySlotFlags Flags { get; init; }

    /// <summary>Being deleted or moved: faults must not use it any more.</summary>
    internal bool Invalid { get; init; }

    internal HugePageFit HugePages { get; init; }

    /// <summary>One bit per page, or null: not logged, or logged in the vCPUs' rings.</summary>
    internal ulong[]? DirtyBitmap { get; init; }

    internal ulong EndGfn => BaseGfn + Pages;

    internal bool ReadOnly => (Flags & MemorySlotFlags.ReadOnly) != 0;

    /// <summary>Whether writes must be seen: logged, and not read-only.</summary>
    internal bool IsDirtyTracked => (Flags & (MemorySlotFlags.LogDirtyPages | MemorySlotFlags.ReadOnly))
        == MemorySlotFlags.LogDirtyPages;

    /// <summary>
    /// Whether a huge page may map a frame, as far as the slot is concerned: writes to it need not be told apart, guest
    /// and host addresses lie in step, and the page is whole inside the slot.
    /// </summary>
    internal bool AllowsHugePage(ulong gfn, bool write, ulong hugeSize)
    {
        if ((IsDirtyTracked && write) || HugePages == HugePageFit.Nowhere)
        {
            return false;
        }

        ulong start = HvaOf(gfn) & ~(hugeSize - 1);
        return HugePages == HugePageFit.Everywhere || (start >= Hva && start + hugeSize <= HvaOf(EndGfn));
    }

    internal ulong HvaOf(ulong gfn) => Hva + ((gfn - BaseGfn) << PageShift);

    internal bool Contains(ulong gfn) => gfn - BaseGfn < Pages;

    /// <summary>Words of a dirty bitmap.</summary>
    internal int BitmapWords => (int)((Pages + 63) / 64);
}
