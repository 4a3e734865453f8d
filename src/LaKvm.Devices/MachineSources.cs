using LaKvm.Cpu;

namespace LaKvm.Devices;

/// <summary>
/// All that enters a machine and does not follow from its program, its files and what comes in over its lines: time and
/// chance. Whoever builds a machine gives it these; nothing of a machine asks the computer itself. With sources that
/// repeat themselves, so does a machine of one core whose devices have no threads to wait for.
/// </summary>
/// <param name="Clock">The stable counter, and with it all timers of cores and vCPUs.</param>
/// <param name="Calendar">Time of day, and the timers of the real-time clock.</param>
/// <param name="Random">Seeds for the kernel, and what an entropy device gives.</param>
public sealed record MachineSources(IClock Clock, TimeProvider Calendar, IRandomSource Random)
{
    /// <summary>The stable counter now.</summary>
    public ulong Ticks => Clock.Ticks;

    /// <summary>What of them stands still while the machine is paused.</summary>
    public IEnumerable<IPausable> Pausable => Clock is IPausable clock ? [clock] : [];

    /// <summary>A seed for a kernel's random numbers.</summary>
    public byte[] Seed()
    {
        byte[] seed = new byte[32];
        Random.Fill(seed);
        return seed;
    }
}

/// <summary>Where chance comes from. Any thread.</summary>
public interface IRandomSource
{
    /// <summary>Fills <paramref name="bytes"/>.</summary>
    void Fill(Span<byte> bytes);
}
