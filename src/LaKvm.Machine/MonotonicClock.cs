using System.Diagnostics;
using LaKvm.Cpu;

namespace LaKvm.Machine;

/// <summary>The stable counter driven by the host's monotonic clock; 0 when made.</summary>
public sealed class MonotonicClock : IClock
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public ulong Ticks
    {
        get
        {
            ulong elapsed = (ulong)(Stopwatch.GetTimestamp() - _start);
            ulong perSecond = (ulong)Stopwatch.Frequency;
            return perSecond == 10 * IClock.Frequency
                ? elapsed / 10
                : (ulong)((UInt128)elapsed * IClock.Frequency / perSecond);
        }
    }
}
