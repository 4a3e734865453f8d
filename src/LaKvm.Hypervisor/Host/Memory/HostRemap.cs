namespace LaKvm.Hypervisor;

/// <summary>
/// mremap: gives a mapping another size, and another place where that is needed and allowed, or asked for.
/// </summary>
internal static class HostRemap
{
    /// <summary>See <see cref="HostAddressSpace.Remap"/>; with the lock held.</summary>
    internal static Errno Remap(
        HostMappings mappings, (ulong Start, ulong Bytes, ulong NewBytes) range, bool mayMove, ulong? target, ulong top,
        out ulong result)
    {
        ulong start = result = range.Start;
        ulong size = mappings.RoundUp(range.NewBytes);
        if (!mappings.IsRange(start, range.Bytes, out ulong end) || size == 0
            || !IsTarget(mappings, target, size, mayMove, start, end))
        {
            return Errno.Inval;
        }

        if (mappings.Areas.Find(start) is not { } area || area.End < end)
        {
            return Errno.Fault;
        }

        if (target == null && size <= end - start)
        {
            if (start + size < end)
            {
                mappings.Remove(start + size, end);
            }

            return Errno.None;
        }

        if (target == null && TryExtend(mappings, area, start, end, size, top))
        {
            return Errno.None;
        }

        result = target ?? (mayMove
            ? mappings.Areas.FreeBelow(top, mappings.Pages.PageSize, size, mappings.Pages.PageSize) : 0);
        if (result == 0)
        {
            return Errno.NoMem;
        }

        mappings.Remove(result, result + size);
        mappings.Move(area.Part(start, end), result, size);
        return Errno.None;
    }

    private static bool IsTarget(
        HostMappings mappings, ulong? target, ulong size, bool mayMove, ulong start, ulong end) =>
        target is not { } to
        || (mayMove && mappings.IsRange(to, size, out ulong targetEnd) && (targetEnd <= start || to >= end));

    /// <summary>Makes a mapping longer where it is, if what follows is free.</summary>
    private static bool TryExtend(
        HostMappings mappings, HostMappingArea area, ulong start, ulong end, ulong size, ulong top)
    {
        if (end != area.End || start + size > top || area.IsDevice || mappings.Areas.In(end, start + size).Length != 0)
        {
            return false;
        }

        area.EndLinear();
        mappings.Insert(area with { Start = end, End = start + size, Offset = area.Offset + area.Size });
        return true;
    }
}
