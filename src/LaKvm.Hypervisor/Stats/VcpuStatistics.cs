namespace LaKvm.Hypervisor;

/// <summary>Counters of a vCPU, in KVM's order: the index of their description.</summary>
public enum VcpuStat
{
#pragma warning disable CS1591 // KVM's names; the rows below describe them to users.
    HaltSuccessfulPoll,
    HaltAttemptedPoll,
    HaltPollInvalid,
    HaltWakeup,
    HaltPollSuccessNs,
    HaltPollFailNs,
    HaltWaitNs,
    HaltPollSuccessHist,
    HaltPollFailHist,
    HaltWaitHist,
    Blocking,
    IntExits,
    IdleExits,
    CpucfgExits,
    SignalExits,
    HypercallExits,
    IpiReadExits,
    IpiWriteExits,
    EiointcReadExits,
    EiointcWriteExits,
    PchPicReadExits,
    PchPicWriteExits,
#pragma warning restore CS1591
}

/// <summary>
/// Statistics of a vCPU. Written by its thread only, but for what is counted with <see cref="CountShared"/> always.
/// </summary>
public sealed class VcpuStatistics : Statistics
{
    private static readonly StatDescriptor[] Rows =
    [
        Count("halt_successful_poll"),
        Count("halt_attempted_poll"),
        Count("halt_poll_invalid"),
        Count("halt_wakeup"),
        Nanoseconds("halt_poll_success_ns", StatType.Cumulative, 1),
        Nanoseconds("halt_poll_fail_ns", StatType.Cumulative, 1),
        Nanoseconds("halt_wait_ns", StatType.Cumulative, 1),
        Nanoseconds("halt_poll_success_hist", StatType.LogHistogram, HistogramBuckets),
        Nanoseconds("halt_poll_fail_hist", StatType.LogHistogram, HistogramBuckets),
        Nanoseconds("halt_wait_hist", StatType.LogHistogram, HistogramBuckets),
        new("blocking", StatType.Instant, StatUnit.Boolean, 0, 1),
        Count("int_exits"),
        Count("idle_exits"),
        Count("cpucfg_exits"),
        Count("signal_exits"),
        Count("hypercall_exits"),
        Count("ipi_read_exits"),
        Count("ipi_write_exits"),
        Count("eiointc_read_exits"),
        Count("eiointc_write_exits"),
        Count("pch_pic_read_exits"),
        Count("pch_pic_write_exits"),
    ];

    /// <summary>Starts all at 0.</summary>
    public VcpuStatistics()
        : base(Rows)
    {
    }

    /// <summary>Counts one up.</summary>
    internal void Count(VcpuStat stat) => Value((int)stat)++;

    /// <summary>Counts one up, on another thread than the vCPU's.</summary>
    internal void CountShared(VcpuStat stat) => Interlocked.Increment(ref Value((int)stat));

    /// <summary>Adds to a counter.</summary>
    internal void Add(VcpuStat stat, ulong amount) => Value((int)stat) += amount;

    /// <summary>Sets a value of now.</summary>
    internal void Set(VcpuStat stat, ulong value) => Value((int)stat) = value;

    /// <summary>Counts a duration in its histogram.</summary>
    internal void Record(VcpuStat histogram, ulong nanoseconds) => Bucket((int)histogram, nanoseconds)++;

    /// <summary>
    /// Counts the time that an idle vCPU has polled. A success if it never slept, even if what ended the wait came
    /// behind the polling.
    /// </summary>
    internal void CountPoll(ulong nanoseconds, bool success)
    {
        Count(VcpuStat.HaltAttemptedPoll);
        if (success)
        {
            Count(VcpuStat.HaltSuccessfulPoll);
        }

        Add(success ? VcpuStat.HaltPollSuccessNs : VcpuStat.HaltPollFailNs, nanoseconds);
        Record(success ? VcpuStat.HaltPollSuccessHist : VcpuStat.HaltPollFailHist, nanoseconds);
    }

    private static StatDescriptor Count(string name) => new(name, StatType.Cumulative, StatUnit.None, 0, 1);

    private static StatDescriptor Nanoseconds(string name, StatType type, int size) =>
        new(name, type, StatUnit.Seconds, -9, size);
}
