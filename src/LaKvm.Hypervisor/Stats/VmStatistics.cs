namespace LaKvm.Hypervisor;

/// <summary>Statistics of a VM, in KVM's order.</summary>
public sealed class VmStatistics : Statistics
{
    private static readonly StatDescriptor[] Rows =
    [
        new("remote_tlb_flush", StatType.Cumulative, StatUnit.None, 0, 1),
        new("remote_tlb_flush_requests", StatType.Cumulative, StatUnit.None, 0, 1),
        new("pages", StatType.Instant, StatUnit.None, 0, 1),
        new("hugepages", StatType.Instant, StatUnit.None, 0, 1),
    ];

    /// <summary>Starts all at 0.</summary>
    public VmStatistics()
        : base(Rows)
    {
    }

    /// <summary>TLB flushes that had to interrupt a running vCPU.</summary>
    internal ref ulong RemoteTlbFlush => ref Value(0);

    /// <summary>TLB flushes asked for.</summary>
    internal ref ulong RemoteTlbFlushRequests => ref Value(1);

    /// <summary>Counts entries of the second-stage tables that map memory. Under the MMU lock.</summary>
    internal void CountMapping(int level, long change) => Value(level == 0 ? 2 : 3) += (ulong)change;
}
