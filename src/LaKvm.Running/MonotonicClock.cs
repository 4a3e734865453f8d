using System.Diagnostics;
using LaKvm.Cpu;
using LaKvm.Devices;

namespace LaKvm.Running;

/// <summary>
/// The stable counter driven by the host's monotonic clock; 0 when made. It stands still while the machine is paused.
/// </summary>
public sealed class MonotonicClock : IClock, IPausable
{
    private volatile Stretch _stretch = new(Stopwatch.GetTimestamp(), null);

    /// <inheritdoc/>
    public ulong Ticks
    {
        get
        {
            Stretch stretch = _stretch;
            ulong elapsed = (ulong)((stretch.End ?? Stopwatch.GetTimestamp()) - stretch.Start);
            ulong perSecond = (ulong)Stopwatch.Frequency;
            return perSecond == 10 * IClock.Frequency
                ? elapsed / 10
                : (ulong)((UInt128)elapsed * IClock.Frequency / perSecond);
        }
    }

    /// <inheritdoc/>
    public bool Pause(TimeSpan patience)
    {
        _stretch = new Stretch(_stretch.Start, Stopwatch.GetTimestamp());
        return true;
    }

    /// <inheritdoc/>
    public void Resume()
    {
        if (_stretch is { End: { } end, Start: var start })
        {
            _stretch = new Stretch(start + (Stopwatch.GetTimestamp() - end), null);
        }
    }

    /// <summary>Time that passes without a break, by the host's clock.</summary>
    /// <param name="Start">When it would have begun, had there been no breaks before.</param>
    /// <param name="End">When it ended; null if it is still passing.</param>
    private sealed record Stretch(long Start, long? End);
}
