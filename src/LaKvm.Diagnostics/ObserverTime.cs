using System.Diagnostics;

namespace LaKvm.Diagnostics;

/// <summary>
/// The computer's monotonic clock for whoever measures the program itself: traces, statistics. Nothing of it may reach
/// a guest, whose time is its machine's.
/// </summary>
public static class ObserverTime
{
    private static readonly ulong _nanosecondsPerTimestamp = 1_000_000_000 / (ulong)Stopwatch.Frequency;

    /// <summary>Nanoseconds since some moment before the program's start.</summary>
    public static ulong Nanoseconds => (ulong)Stopwatch.GetTimestamp() * _nanosecondsPerTimestamp;
}
