namespace LaKvm.Cpu;

/// <summary>
/// How many instructions a core executes before its timers are looked at again: as many as it is likely to execute until the
/// next one fires, and not for longer than <see cref="Longest"/>. Software that sets a timer ends the slice.
/// </summary>
public sealed unsafe class RunSlice(Core core)
{
    /// <summary>Ticks (10 ns) of a slice at most: what a timer is late by at worst.</summary>
    private const ulong Longest = 5_000;

    private const long Fewest = 2_000, Most = 1_000_000;

    /// <summary>Instructions in a tick, by the last slice that was long enough to tell.</summary>
    private double _speed = 1;

    private ulong _startTick;
    private ulong _startRetired;

    /// <summary>What <see cref="Next"/> gave last, for a run that is too short to be worth looking at the clock.</summary>
    public long Length { get; private set; } = Fewest;

    /// <summary>Instructions for the slice that begins now.</summary>
    public long Next()
    {
        ulong now = core.Ticks;
        Measure(now);
        ulong deadline = core.TimerDeadline;
        ulong ticks = deadline <= now ? 0 : Math.Min(deadline - now, Longest);
        _startTick = now;
        _startRetired = core.State->Retired;
        return Length = Math.Clamp((long)(ticks * _speed), Fewest, Most);
    }

    private void Measure(ulong now)
    {
        ulong ticks = now - _startTick, retired = core.State->Retired - _startRetired;
        if (retired >= (ulong)Fewest && ticks != 0)
        {
            _speed += (((double)retired / ticks) - _speed) / 4;
        }
    }
}
