namespace LaKvm.Hypervisor;

/// <summary>
/// How long an idle vCPU polls before it gives its core up and sleeps. Learnt from its waits, as KVM does: polling pays
/// for waits that end within it.
/// </summary>
internal sealed class HaltPolling
{
    private const uint Grow = 2, GrowStart = 10_000, Shrink = 2;

    /// <summary>Nanoseconds to poll.</summary>
    internal uint Nanoseconds { get; private set; }

    /// <summary>A wait begins: gives the nanoseconds to poll, at most <paramref name="limit"/>.</summary>
    internal uint Begin(uint limit) => Nanoseconds = Math.Min(Nanoseconds, limit);

    /// <summary>A wait has ended after some nanoseconds, those of polling included.</summary>
    internal void Finish(ulong waited, uint limit)
    {
        if (limit == 0)
        {
            Nanoseconds = 0;
        }
        else if (Nanoseconds != 0 && waited > limit && waited > Nanoseconds)
        {
            uint less = Nanoseconds / Shrink;
            Nanoseconds = less < GrowStart ? 0 : less;
        }
        else if (waited > Nanoseconds && Nanoseconds < limit && waited < limit)
        {
            Nanoseconds = Math.Max(Nanoseconds * Grow, GrowStart);
        }
    }
}
