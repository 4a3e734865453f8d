namespace LaKvm.Cpu;

/// <summary>
/// Time that counts instructions: a machine of one core with it does the same on every run, whatever the engine. It is
/// exact where it can be read: at instructions that call a handler, and between runs.
/// </summary>
/// <param name="instructionsPerTick">Instructions that take 10 ns.</param>
public sealed unsafe class InstructionClock(ulong instructionsPerTick) : IClock
{
    private Core? _core;

    /// <inheritdoc/>
    public ulong Ticks => _core == null ? 0 : _core.State->Retired / instructionsPerTick;

    /// <summary>Counts the instructions of <paramref name="core"/>, which was made with this clock.</summary>
    public void Attach(Core core) => _core = core;

    /// <summary>
    /// Instructions to execute until the core's next timer fires, at most <paramref name="most"/>: a run of that many
    /// ends at the very instruction at which the interrupt is due.
    /// </summary>
    public long UntilTimer(long most)
    {
        ulong deadline = _core!.TimerDeadline, now = _core.State->Retired;
        ulong left = deadline > ulong.MaxValue / instructionsPerTick ? ulong.MaxValue : deadline * instructionsPerTick;
        return _core.LimitRun(left <= now ? 1 : (long)Math.Min(left - now, (ulong)most));
    }
}
