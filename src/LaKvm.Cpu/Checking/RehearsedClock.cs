namespace LaKvm.Cpu;

/// <summary>A clock that does not show the same time twice.</summary>
internal sealed class RehearsedClock(IClock clock, Rehearsal rehearsal) : IClock
{
    /// <inheritdoc/>
    public ulong Ticks
    {
        get
        {
            rehearsal.Spoil();
            return clock.Ticks;
        }
    }
}
