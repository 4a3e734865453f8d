namespace LaKvm.Cpu;

/// <summary>
/// Events of the LA464's performance counters that are modelled, by the numbers that Linux's perf driver uses. All
/// others, those of caches among them, never happen.
/// </summary>
internal enum PerformanceEvent
{
    /// <summary>Clock cycles: one for each instruction, also for one that raises an exception.</summary>
    Cycles = 0x00,

    /// <summary>Instructions executed; one that raises an exception is not.</summary>
    Instructions = 0x01,

    /// <summary>Branches, jumps, calls and returns.</summary>
    Branches = 0x02,

    /// <summary>
    /// Branches that were predicted wrongly. The model predicts that a conditional branch backwards is taken and one
    /// forwards is not, and is right about where jumps lead.
    /// </summary>
    BranchMisses = 0x03,

    /// <summary>Fetches that raised a TLB refill exception.</summary>
    FetchRefills = 0x3b,

    /// <summary>Loads and stores that did.</summary>
    DataRefills = 0x3c,
}

/// <summary>Fields of PMCFGn and PMCNTn (manual volume 1, 7.6).</summary>
internal static class Pmcfg
{
    public const int Counters = 4;
    public const ulong EventMask = 0x3ff, Plv0 = 1 << 16, PlvMask = 0xf << 16, InterruptEnable = 1 << 20;
    public const ulong Overflow = 1UL << 63;

    public static int Config(int counter) => Csr.Pmcfg0 + (2 * counter);

    public static int Count(int counter) => Csr.Pmcfg0 + (2 * counter) + 1;

    public static bool IsCount(int csr) => csr >= Csr.Pmcfg0 && csr < Csr.Pmcfg0 + (2 * Counters) && (csr & 1) != 0;
}
