using LaKvm.Devices;

namespace LaKvm.Running;

/// <summary>Time and chance of the computer that the machine runs on.</summary>
public static class HostSources
{
    /// <summary>Sources for one machine: its counter begins at 0 now.</summary>
    public static MachineSources Create() => new(new MonotonicClock(), TimeProvider.System, new HostRandom());
}
