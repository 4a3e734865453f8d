namespace LaKvm.User;

/// <summary>setitimer(2) for real time: SIGALRM after some time, and again and again if asked for.</summary>
internal sealed class IntervalTimers(UserProcess process) : IDisposable
{
    private readonly Lock _lock = new();
    private Timer? _timer;
    private TimeSpan _interval;
    private ulong _due;

    /// <summary>Sets the timer; zero stops it. Returns what was left and the interval, in microseconds.</summary>
    internal (long Left, long Interval) Set(long microseconds, long interval)
    {
        lock (_lock)
        {
            (long Left, long Interval) old = Get();
            _timer?.Dispose();
            _interval = TimeSpan.FromMicroseconds(interval);
            _due = process.Kernel.Now + ((ulong)microseconds * 1000);
            _timer = microseconds == 0 ? null : new Timer(_ => Fire(), null,
                TimeSpan.FromMilliseconds(Math.Max(1, microseconds / 1000)),
                interval == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(1, interval / 1000)));
            return old;
        }
    }

    /// <summary>What is left, and the interval, in microseconds.</summary>
    internal (long Left, long Interval) Get()
    {
        lock (_lock)
        {
            ulong now = process.Kernel.Now;
            long left = _timer == null ? 0 : Math.Max(1, ((long)_due - (long)now) / 1000);
            return (left, (long)_interval.TotalMicroseconds);
        }
    }

    /// <summary>Stops the timer.</summary>
    public void Dispose() => Set(0, 0);

    private void Fire()
    {
        lock (_lock)
        {
            _due += (ulong)(_interval.TotalMicroseconds * 1000);
        }

        process.Post(new SignalInfo(Signal.Alrm, SignalInfo.Kernel));
    }
}
