namespace LaKvm.Hypervisor;

/// <summary>
/// The parts of an address space and the changes that keep them together. All but lookups is called with the lock
/// held.
/// </summary>
internal sealed class HostMappings
{
    /// <summary>Where mappings whose place is not asked for begin, from below.</summary>
    private const ulong FirstMapping = 0x7000_0000_0000;

    private readonly HostAddressSpace _space;
    private HostAreas _areas = HostAreas.Empty;
    private readonly List<HostMemoryObject> _gone = [];
    private ulong _next = FirstMapping;
    private int _changing;

    internal HostMappings(HostAddressSpace space, HostPages pages)
    {
        _space = space;
        Pages = pages;
        Table = new HostPageTable(pages.PageShift);
        Paging = new HostPaging(pages, Invalidate);
    }

    /// <summary>Guards everything here; lookups do without.</summary>
    internal Lock Lock { get; } = new();

    /// <summary>The page allocator.</summary>
    internal HostPages Pages { get; }

    /// <summary>Entries of pages that are not in linear mappings.</summary>
    internal HostPageTable Table { get; }

    /// <summary>What is done with single pages.</summary>
    internal HostPaging Paging { get; }

    /// <summary>Who hears of changes.</summary>
    internal List<IMmuNotifier> Notifiers { get; } = [];

    /// <summary>Whether translations are being changed just now. Any thread.</summary>
    internal bool IsChanging => Volatile.Read(ref _changing) != 0;

    /// <summary>The mappings as they are now. Any thread may look.</summary>
    internal HostAreas Areas
    {
        get => Volatile.Read(ref _areas);
        private set => Volatile.Write(ref _areas, value);
    }

    /// <summary>
    /// Takes the lock for changes. When it is given back, objects hear that they are not shown any more: what they do
    /// then may take long, and wait for threads that wait for the lock.
    /// </summary>
    internal HostChange Begin()
    {
        Lock.Enter();
        return new HostChange(this);
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    internal void End()
    {
        HostMemoryObject[] gone = [.. _gone];
        _gone.Clear();
        Lock.Exit();
        foreach (HostMemoryObject shown in gone)
        {
            shown.Detach(_space);
        }
    }

    /// <summary>A number of bytes in whole pages.</summary>
    internal ulong RoundUp(ulong bytes) => RoundUp(bytes, Pages.PageSize);

    /// <summary>Whether a range is one of whole pages of user space, and not empty.</summary>
    internal bool IsRange(ulong start, ulong bytes, out ulong end)
    {
        ulong size = RoundUp(bytes);
        end = start + size;
        return (start & (Pages.PageSize - 1)) == 0 && size >= bytes && size != 0 && end > start
            && end <= HostAddressSpace.UserEnd;
    }

    /// <summary>Free addresses for a mapping that may be anywhere, aligned for huge pages.</summary>
    internal ulong Reserve(ulong size)
    {
        ulong start = RoundUp(_next, Pages.HugeSize);
        _next = start + size + Pages.PageSize; // a hole behind each mapping catches overruns
        return start;
    }

    /// <summary>Adds a mapping where there is none.</summary>
    internal void Insert(HostMappingArea area)
    {
        if (area.Object is { } added && !Areas.Show(added))
        {
            added.Attach(_space);
        }

        Areas = Areas.With(area);
    }

    /// <summary>Takes away whatever is mapped in a range.</summary>
    internal void Remove(ulong start, ulong end)
    {
        HostMappingArea[] gone = [.. Areas.In(start, end)];
        if (gone.Length == 0)
        {
            return;
        }

        Invalidate(start, end, () =>
        {
            // Out of sight first: who looks a page up without the lock sees that it is gone before it is freed.
            Areas = Areas.Changed(start, end, _ => null);
            Interlocked.MemoryBarrier();
            Paging.ForgetAll(Table, gone, start, end);
        });
        Detach(gone);
    }

    /// <summary>Replaces the mappings of a range by others of the same pages.</summary>
    internal void Change(ulong start, ulong end, Func<HostMappingArea, HostMappingArea> change) =>
        Invalidate(start, end, () => Areas = Areas.Changed(start, end, change));

    /// <summary>Moves a mapping with its pages to a free place; what is too long for that goes.</summary>
    internal void Move(HostMappingArea area, ulong target, ulong size)
    {
        area.EndLinear();
        Invalidate(area.Start, area.End, () =>
        {
            Areas = Areas.Changed(area.Start, area.End, _ => null);
            ulong end = Math.Min(area.End, area.Start + size);
            for (ulong at = area.Start; Table.Next(ref at, end); at += Pages.PageSize)
            {
                HostPte pte = Table[at];
                Table[at] = HostPte.None;
                Table[target + (at - area.Start)] = pte;
            }

            Paging.ForgetAll(Table, [], area.Start, area.End);
            Areas = Areas.With(area with { Start = target, End = target + size });
        });
    }

    /// <summary>Changes translations of a range, with the notifiers told before and after.</summary>
    internal void Invalidate(ulong start, ulong end, Action change)
    {
        Interlocked.Increment(ref _changing);
        foreach (IMmuNotifier notifier in Notifiers)
        {
            notifier.InvalidateRangeStart(start, end);
        }

        change();
        foreach (IMmuNotifier notifier in Notifiers)
        {
            notifier.InvalidateRangeEnd(start, end);
        }

        Interlocked.Decrement(ref _changing);
    }

    /// <summary>
    /// Changes pages of a mapping. While huge pages map it, those go as a whole (Linux notifies all of a PMD that it
    /// splits): a fault at another page of one could else map all of it again before the change.
    /// </summary>
    internal void InvalidatePages(HostMappingArea area, ulong start, ulong end, Action change)
    {
        ulong unit = area.IsLinear ? Pages.HugeSize : Pages.PageSize;
        Invalidate(start & ~(unit - 1), RoundUp(end, unit), change);
    }

    /// <summary>The address space goes away: listeners drop everything.</summary>
    internal void Release()
    {
        foreach (IMmuNotifier notifier in Notifiers)
        {
            notifier.Release();
        }
    }

    private static ulong RoundUp(ulong value, ulong unit) => (value + unit - 1) & ~(unit - 1);

    /// <summary>Notes objects that are not shown any more.</summary>
    private void Detach(HostMappingArea[] gone)
    {
        foreach (HostMemoryObject? shown in gone.Select(area => area.Object).Distinct())
        {
            if (shown != null && !Areas.Show(shown))
            {
                _gone.Add(shown);
            }
        }
    }
}

/// <summary>Changes of an address space that belong together.</summary>
internal readonly ref struct HostChange(HostMappings mappings)
{
    /// <summary>They are complete.</summary>
    public void Dispose() => mappings.End();
}
