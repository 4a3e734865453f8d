namespace LaKvm.Control;

/// <summary>
/// Counters of a run's machines, read when somebody asks. Counting begins with the first question: until then it costs
/// nothing.
/// </summary>
public interface IMachineStatistics
{
    /// <summary>All counters now.</summary>
    StatisticsSample Sample();
}

/// <summary>Counters since counting began. Times are nanoseconds.</summary>
/// <param name="Nanoseconds">How long it has counted.</param>
/// <param name="Exits">Why guests were left.</param>
/// <param name="Vcpus">What each vCPU did.</param>
public sealed record StatisticsSample(
    ulong Nanoseconds, IReadOnlyList<ExitSample> Exits, IReadOnlyList<VcpuSample> Vcpus)
{
    /// <summary>Where nothing is counted.</summary>
    public static StatisticsSample None { get; } = new(0, [], []);
}

/// <summary>A kind of exits.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Count">How many there were.</param>
/// <param name="Nanoseconds">How long they took together.</param>
/// <param name="Median">Half of them took no longer.</param>
/// <param name="Percentile99">99 of 100 took no longer.</param>
/// <param name="Maximum">The longest one.</param>
public sealed record ExitSample(
    string Kind, ulong Count, ulong Nanoseconds, ulong Median, ulong Percentile99, ulong Maximum);

/// <summary>Where a vCPU's time went.</summary>
/// <param name="Guest">In the guest.</param>
/// <param name="Exit">In the hypervisor.</param>
/// <param name="User">In user space.</param>
/// <param name="Idle">Waiting behind the guest's idle instruction.</param>
public sealed record VcpuSample(ulong Guest, ulong Exit, ulong User, ulong Idle);
