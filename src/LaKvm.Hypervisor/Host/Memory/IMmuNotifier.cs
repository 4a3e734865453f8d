namespace LaKvm.Hypervisor;

/// <summary>
/// Who must hear of changes to a host address space because it keeps translations of its own (Linux: mmu_notifier).
/// Called with the address space's lock held; ranges are host virtual, [start, end).
/// </summary>
public interface IMmuNotifier
{
    /// <summary>
    /// Translations of the range are about to change: drop them and take none until the matching end.
    /// </summary>
    void InvalidateRangeStart(ulong start, ulong end);

    /// <summary>The change is complete.</summary>
    void InvalidateRangeEnd(ulong start, ulong end);

    /// <summary>
    /// Clears the accessed mark of the range's pages; true if one was set. Flushes when <paramref name="flush"/>.
    /// </summary>
    bool ClearYoung(ulong start, ulong end, bool flush);

    /// <summary>Whether the page at <paramref name="address"/> has been accessed since the mark was cleared.</summary>
    bool TestYoung(ulong address);

    /// <summary>The address space goes away: drop everything.</summary>
    void Release();
}
