using System.Diagnostics;

namespace LaKvm.Backends.UserNetwork;

/// <summary>The library's timers, on its own thread.</summary>
internal sealed unsafe class SlirpTimers
{
    private readonly Dictionary<nint, (nint Fire, nint Argument, long At)> _timers = [];
    private nint _last;

    /// <summary>How long until the next one, for poll; all ones without one.</summary>
    internal uint Milliseconds =>
        _timers.Count == 0 ? uint.MaxValue : (uint)Math.Clamp(_timers.Values.Min(timer =>
            timer.At) - Now, 0, int.MaxValue);

    private static long Now => (long)Stopwatch.GetElapsedTime(0).TotalMilliseconds;

    internal nint Add(nint fire, nint argument)
    {
        _timers.Add(++_last, (fire, argument, long.MaxValue));
        return _last;
    }

    internal void Remove(nint timer) => _timers.Remove(timer);

    internal void Set(nint timer, long milliseconds)
    {
        if (_timers.TryGetValue(timer, out var found))
        {
            _timers[timer] = found with { At = milliseconds };
        }
    }

    /// <summary>Calls those whose time has come; each may set itself anew.</summary>
    internal void Fire()
    {
        long now = Now;
        foreach ((nint timer, (nint fire, nint argument, long at)) in _timers.ToArray())
        {
            if (at <= now)
            {
                Set(timer, long.MaxValue);
                ((delegate* unmanaged<nint, void>)fire)(argument);
            }
        }
    }
}
