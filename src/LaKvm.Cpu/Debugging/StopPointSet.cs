namespace LaKvm.Cpu;

/// <summary>The breakpoints and watchpoints of a core, as engines and the MMU ask for them. Never changes.</summary>
internal sealed class StopPointSet
{
    private const ulong PageMask = 0xfff;

    /// <summary>None at all.</summary>
    public static StopPointSet Empty { get; } = new([]);

    private readonly StopPoint[] _points;
    private readonly StopPoint[] _watches;

    /// <summary>Offsets of breakpoints in their pages, for root (0) and guest (1) mode.</summary>
    private readonly Dictionary<ulong, ushort[]>[] _offsets;

    public StopPointSet(ReadOnlySpan<StopPoint> points)
    {
        _points = points.ToArray();
        _watches = [.. _points.Where(point => point.Kind != StopPointKind.Execute)];
        _offsets = [OffsetsByPage(inGuest: false), OffsetsByPage(inGuest: true)];
    }

    /// <summary>All of them, in the order in which they were given.</summary>
    public ReadOnlySpan<StopPoint> Points => _points;

    /// <summary>Whether there is a breakpoint.</summary>
    public bool HasBreakpoints => _watches.Length != _points.Length;

    /// <summary>Whether there is a watchpoint.</summary>
    public bool HasWatchpoints => _watches.Length != 0;

    /// <summary>Offsets of the breakpoints in the 4 KiB page of an address.</summary>
    public ReadOnlySpan<ushort> BreakpointsOnPage(ulong va, int vm) =>
        _offsets[vm].TryGetValue(va & ~PageMask, out ushort[]? offsets) ? offsets : default(ReadOnlySpan<ushort>);

    /// <summary>Whether there is a breakpoint at an address.</summary>
    public bool BreaksAt(ulong va, int vm) => BreakpointsOnPage(va, vm).Contains((ushort)(va & PageMask));

    /// <summary>The watchpoint that an access hits, or null.</summary>
    public StopPoint? FindWatchpoint(ulong va, int size, bool isStore, int vm)
    {
        foreach (StopPoint watch in _watches)
        {
            if (watch.Watches(va, size, isStore, vm != 0))
            {
                return watch;
            }
        }

        return null;
    }

    /// <summary>Whether loads or stores of the 4 KiB page of an address have to be looked at.</summary>
    public bool WatchesPage(ulong va, bool stores, int vm) =>
        FindWatchpoint(va & ~PageMask, (int)PageMask + 1, stores, vm) is not null;

    private Dictionary<ulong, ushort[]> OffsetsByPage(bool inGuest) => _points
        .Where(point => point.Kind == StopPointKind.Execute && point.InGuest == inGuest)
        .GroupBy(point => point.Address & ~PageMask, point => (ushort)(point.Address & PageMask))
        .ToDictionary(page => page.Key, page => page.ToArray());
}
