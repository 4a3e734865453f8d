namespace LaKvm.Hypervisor;

/// <summary>
/// The mappings of an address space in order of address. A set never changes: whoever looks something up needs no
/// lock, and a change publishes a new set.
/// </summary>
internal sealed class HostAreas
{
    /// <summary>No mapping.</summary>
    internal static readonly HostAreas Empty = new([]);

    private readonly HostMappingArea[] _areas;

    private HostAreas(HostMappingArea[] areas) => _areas = areas;

    /// <summary>All mappings.</summary>
    internal ReadOnlySpan<HostMappingArea> All => _areas;

    /// <summary>The mapping that holds an address, or null.</summary>
    internal HostMappingArea? Find(ulong address)
    {
        int index = FirstEndingBehind(address);
        return index < _areas.Length && _areas[index].Start <= address ? _areas[index] : null;
    }

    /// <summary>The mappings of which a part lies in the range.</summary>
    internal ReadOnlySpan<HostMappingArea> In(ulong start, ulong end)
    {
        int first = FirstEndingBehind(start), last = first;
        while (last < _areas.Length && _areas[last].Start < end)
        {
            last++;
        }

        return _areas.AsSpan(first, last - first);
    }

    /// <summary>Whether every address of the range is mapped.</summary>
    internal bool Cover(ulong start, ulong end)
    {
        foreach (HostMappingArea area in In(start, end))
        {
            if (area.Start > start)
            {
                return false;
            }

            start = area.End;
        }

        return start >= end;
    }

    /// <summary>Whether an object is mapped anywhere.</summary>
    internal bool Show(HostMemoryObject shown) => Array.Exists(_areas, area => area.Object == shown);

    /// <summary>With one more mapping, where nothing is mapped.</summary>
    internal HostAreas With(HostMappingArea added)
    {
        int index = FirstEndingBehind(added.Start);
        return Joined([.. _areas.AsSpan(0, index), added, .. _areas.AsSpan(index)]);
    }

    /// <summary>
    /// With the parts of mappings that lie in a range replaced by what <paramref name="change"/> makes of them; null
    /// takes them away.
    /// </summary>
    internal HostAreas Changed(ulong start, ulong end, Func<HostMappingArea, HostMappingArea?> change)
    {
        var result = new List<HostMappingArea>(_areas.Length + 2);
        foreach (HostMappingArea area in _areas)
        {
            if (area.End <= start || area.Start >= end)
            {
                result.Add(area);
                continue;
            }

            (ulong from, ulong to) = (Math.Max(area.Start, start), Math.Min(area.End, end));
            AddPart(area, area.Start, from);
            if (change(area.Part(from, to)) is { } changed)
            {
                result.Add(changed);
            }

            AddPart(area, to, area.End);
        }

        return Joined(result);

        void AddPart(HostMappingArea area, ulong from, ulong to)
        {
            if (from < to)
            {
                result.Add(area.Part(from, to));
            }
        }
    }

    /// <summary>
    /// The highest free addresses below <paramref name="top"/> for a number of bytes, aligned; 0 if there are none
    /// above <paramref name="bottom"/>.
    /// </summary>
    internal ulong FreeBelow(ulong top, ulong bottom, ulong bytes, ulong alignment)
    {
        ulong end = top;
        for (int i = _areas.Length - 1; ; i--)
        {
            ulong floor = i >= 0 ? Math.Max(_areas[i].End, bottom) : bottom;
            if (floor <= end && end - floor >= bytes && ((end - bytes) & ~(alignment - 1)) >= floor)
            {
                return (end - bytes) & ~(alignment - 1);
            }

            if (i < 0)
            {
                return 0;
            }

            end = Math.Min(end, _areas[i].Start);
        }
    }

    private static HostAreas Joined(List<HostMappingArea> areas)
    {
        int last = 0;
        for (int i = 1; i < areas.Count; i++)
        {
            if (areas[last].IsContinuedBy(areas[i]))
            {
                areas[last] = areas[last] with { End = areas[i].End };
            }
            else
            {
                areas[++last] = areas[i];
            }
        }

        return new HostAreas([.. areas.Take(last + 1)]);
    }

    private int FirstEndingBehind(ulong address)
    {
        int low = 0, high = _areas.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_areas[middle].End <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
