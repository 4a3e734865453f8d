namespace LaKvm.Cpu;

/// <summary>
/// What the performance counters count besides <see cref="CpuState.Retired"/>. Part of the state, so that instructions
/// that are executed twice for comparison count the same twice.
/// </summary>
public struct EventCounts
{
    /// <summary>Instructions that raised an exception: they took their time, and were not executed.</summary>
    public ulong Faults;

    /// <summary>TLB refill exceptions of fetches.</summary>
    public ulong FetchRefills;

    /// <summary>TLB refill exceptions of loads and stores.</summary>
    public ulong DataRefills;

    /// <summary>Branches, counted by their handlers; engines call these for all only while somebody counts.</summary>
    public ulong Branches;

    /// <summary>Those of them that were predicted wrongly.</summary>
    public ulong BranchMisses;

    /// <summary>Value of <see cref="Branches"/> at which a counter overflows, or 0.</summary>
    public ulong BranchDeadline;

    /// <summary>Value of <see cref="BranchMisses"/> at which a counter overflows, or 0.</summary>
    public ulong MissDeadline;

    /// <summary>
    /// Counters that count in the current mode, bit n for counter n: their PMCNT holds the count without what the
    /// event's own count is.
    /// </summary>
    public uint Counting;

    /// <summary>Not 0 while engines have <see cref="Branches"/> counted.</summary>
    public uint AreBranchesCounted;
}
