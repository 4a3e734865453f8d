namespace LaKvm.Cpu;

/// <summary>
/// The stable counter's source: 100 MHz ticks, the same for every core (manual volume 1, section 2.2.10.4).
/// </summary>
public interface IClock
{
    /// <summary>Frequency of the constant timer and stable counter, in hertz (CPUCFG words 4 and 5).</summary>
    const ulong Frequency = 100_000_000;

    /// <summary>Ticks since the machine was switched on.</summary>
    ulong Ticks { get; }
}
