namespace LaKvm.Cpu;

/// <summary>
/// How many instructions a core executes before its timers are looked at again: as many as it is likely to execute
/// until the next one fires, and not for longer than <see cref="Longest"/>, nor beyond a performance counter's
/// overflow. Software that sets a timer ends the slice.
/// A slice goes on where a run has ended for another reason, so that however often a guest leaves, its timers are
/// looked at.
/// </summary>
public sealed unsafe class RunSlice(Core core)
{
    /// <summary>Ticks (10 ns) of a slice at most: what a timer is late by at worst.</summary>
    private const ulong Longest = 5_000;

    private const long Fewest = 2_000, Most = 1_000_000;

    /// <summary>
    /// What an exit takes, in instructions: it ends a run after few of them, but takes the time of many.
    /// </summary>
    private const ulong ExitCost = 100;

    /// <summary>Instructions in a tick, by the last slice that was long enough to tell.</summary>
    private double _speed = 1;

    private long _length;
    private ulong _startTick;
    private ulong _startRetired;
    private bool _waited;

    /// <summary>Instructions that are left of the slice; none or less if it has ended.</summary>
    public long Left => _length - (long)(core.State->Retired - _startRetired);

    /// <summary>Instructions for the slice that begins now.</summary>
    public long Next()
    {
        ulong now = core.Ticks;
        Measure(now);
        ulong deadline = core.TimerDeadline;
        ulong ticks = deadline <= now ? 0 : Math.Min(deadline - now, Longest);
        _startTick = now;
        _startRetired = core.State->Retired;
        _waited = false;
        return _length = core.LimitRun(Math.Clamp((long)(ticks * _speed), Fewest, Most));
    }

    /// <summary>The guest has left: what that takes is taken from the slice.</summary>
    public void Exited() => _startRetired -= ExitCost;

    /// <summary>The core has waited meanwhile: the slice does not tell how fast it is.</summary>
    public void Waited() => _waited = true;

    private void Measure(ulong now)
    {
        ulong ticks = now - _startTick, retired = core.State->Retired - _startRetired;
        if (!_waited && retired >= (ulong)Fewest && ticks != 0)
        {
            _speed += (((double)retired / ticks) - _speed) / 4;
        }
    }
}
