namespace LaKvm.Machine;

/// <summary>
/// Reports what a guest does wrong, a few lines a second: a guest must not be able to flood the log. Safe for all
/// threads.
/// </summary>
/// <param name="sink">Receives one line at a time; null drops them.</param>
/// <param name="time">Source of the seconds; the system's by default.</param>
public sealed class GuestErrorLog(Action<string>? sink, TimeProvider? time = null)
{
    /// <summary>Lines let through in any second.</summary>
    public const int LinesPerSecond = 10;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private long _second = long.MinValue;
    private int _lines;

    /// <summary>Lines that were not let through so far.</summary>
    public long Suppressed { get; private set; }

    /// <summary>Reports an access that nothing answers.</summary>
    /// <param name="what">"MMIO read" and the like.</param>
    /// <param name="device">The device of the window, or null if there is none.</param>
    /// <param name="address">Where.</param>
    /// <param name="size">Width in bytes.</param>
    public void Report(string what, string? device, ulong address, int size)
    {
        if (Allow())
        {
            sink!(device == null
                ? $"{what} of {size} bytes at 0x{address:x}: nothing is there"
                : $"{what} of {size} bytes at 0x{address:x}: not an access {device} takes");
        }
    }

    /// <summary>Reports anything else.</summary>
    public void Report(string device, string message)
    {
        if (Allow())
        {
            sink!($"{device}: {message}");
        }
    }

    private bool Allow()
    {
        if (sink == null)
        {
            return false;
        }

        long second = _time.GetTimestamp() / _time.TimestampFrequency;
        lock (_lock)
        {
            if (second != _second)
            {
                _second = second;
                _lines = 0;
            }

            if (_lines < LinesPerSecond)
            {
                _lines++;
                return true;
            }

            Suppressed++;
            return false;
        }
    }
}
