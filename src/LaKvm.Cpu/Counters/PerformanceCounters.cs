namespace LaKvm.Cpu;

/// <summary>
/// The four performance counters of root mode and of the guest (manual volume 1, 7.6). Nothing is done for an event:
/// a counter that counts holds the difference to a count that is kept in any case, and becomes a number again where
/// it stops, as it does whenever the mode changes. Only branches are not counted until somebody wants to know.
/// </summary>
internal sealed unsafe class PerformanceCounters
{
    /// <summary>Longest time to an overflow, in instructions, for which runs are cut.</summary>
    private const ulong Near = 1UL << 40;

    /// <summary>
    /// Instructions for which branches go on being counted when nobody wants them any more: a kernel that switches
    /// counters off and on again with each task is not to have all code translated anew.
    /// </summary>
    private const ulong Patience = 100_000_000;

    private readonly CpuState* _state;
    private readonly Mode _host;
    private readonly Mode _guest;
    private bool _wantsBranches;
    private ulong _wantedAt;

    public PerformanceCounters(CpuState* state, Mode host, Mode guest)
    {
        _state = state;
        _host = host;
        _guest = guest;
    }

    /// <summary>
    /// Instructions that have not been counted yet but belong to what is left: 1 while one changes the mode.
    /// </summary>
    public uint Ahead { get; set; }

    /// <summary>Whether some counter counts in some mode.</summary>
    public bool AreEnabled { get; private set; }

    /// <summary>Whether branches have to be executed by their handlers, which count them.</summary>
    public bool CountsBranches { get; private set; }

    /// <summary>Counters of the guest, GCFG.GPERF; the others leave guest mode.</summary>
    private int GuestCounters => (int)(_host[Csr.Gcfg] >> LvzFields.GcfgGperfShift) & 7;

    /// <summary>Whether the guest's copy of PMCFGn or PMCNTn is the guest's.</summary>
    public bool IsGuests(int csr) => (csr - Csr.Pmcfg0) >> 1 < GuestCounters;

    /// <summary>PMCNTn of a mode as it is now.</summary>
    public ulong Read(Mode mode, int csr) => Read(mode.Values, (csr - Csr.Pmcfg0) >> 1);

    /// <summary>
    /// Stops what counts, so that PMCNT are numbers: before <see cref="CpuState.Csr"/> and <see cref="CpuState.Plv"/>,
    /// PMCFG, PMCNT or GPERF change.
    /// </summary>
    public void Stop()
    {
        ulong* bank = _state->Csr;
        for (uint left = _state->Events.Counting, n = 0; left >> (int)n != 0; n++)
        {
            if ((left >> (int)n & 1) != 0)
            {
                bank[Pmcfg.Count((int)n)] += Source(bank, (int)n);
            }
        }

        _state->Events.Counting = 0;
    }

    /// <summary>
    /// Lets count what counts in the current mode, behind <see cref="Stop"/>. If a counter is going to overflow soon,
    /// the run under way ends, and the caller begins one that ends there.
    /// </summary>
    public void Start()
    {
        StartCounting();
        Poll();
        if (_state->Events.Counting != 0 && UntilOverflow() < Near)
        {
            _ = Interlocked.Or(ref _state->Attention, InterruptUnit.AttentionTimer);
        }
    }

    private void StartCounting()
    {
        ulong* bank = _state->Csr;
        int counters = _state->Vm != 0 ? Math.Min(GuestCounters, Pmcfg.Counters) : Pmcfg.Counters;
        ulong enable = Pmcfg.Plv0 << _state->Plv;
        ref EventCounts events = ref _state->Events;
        events.BranchDeadline = events.MissDeadline = 0;
        for (int n = 0; n < counters; n++)
        {
            ulong config = bank[Pmcfg.Config(n)];
            if ((config & enable) == 0)
            {
                continue;
            }

            bank[Pmcfg.Count(n)] -= Source(bank, n);
            events.Counting |= 1u << n;
            if ((config & Pmcfg.InterruptEnable) != 0)
            {
                SetDeadline(config, Pmcfg.Overflow - bank[Pmcfg.Count(n)]);
            }
        }
    }

    /// <summary>PMCFG or PMCNT of a mode have changed.</summary>
    public void Configure(Mode mode)
    {
        AreEnabled = IsAny(_ => true);
        bool wants = IsAny(config => EventOf(config) is PerformanceEvent.Branches or PerformanceEvent.BranchMisses);
        if (wants || _wantsBranches)
        {
            _wantedAt = _state->Retired;
        }

        _wantsBranches = wants;
        CountsBranches |= wants;
        mode[Csr.Estat] = HasOverflowed(mode.Values) ? mode[Csr.Estat] | Estat.PcovBit
            : mode[Csr.Estat] & ~Estat.PcovBit;
    }

    /// <summary>Sets ESTAT.PCOV if a counter that counts has overflowed (manual volume 1, 6.1.1).</summary>
    public void Poll()
    {
        if (_state->Events.Counting != 0 && HasOverflowed(_state->Csr))
        {
            _state->Csr[Csr.Estat] |= Estat.PcovBit;
        }
    }

    /// <summary>
    /// At most so many instructions that no counter overflows before their end; and the time to forget about branches.
    /// </summary>
    public long Limit(long instructions)
    {
        if (CountsBranches && !_wantsBranches && _state->Retired - _wantedAt > Patience)
        {
            CountsBranches = false;
            _ = Interlocked.Or(ref _state->Attention, InterruptUnit.AttentionTimer);
        }

        return _state->Events.Counting == 0 ? instructions : (long)Math.Min((ulong)instructions, UntilOverflow());
    }

    /// <summary>Tells the engine how to execute branches, if that has changed. No instruction is under way.</summary>
    public void TellEngine(ICodeCache? engine)
    {
        if (engine != null && (_state->Events.AreBranchesCounted != 0) != CountsBranches)
        {
            _state->Events.AreBranchesCounted = CountsBranches ? 1u : 0;
            engine.CountBranches(CountsBranches);
        }
    }

    /// <summary>Power-on, behind that of the registers.</summary>
    public void Reset(ICodeCache? engine)
    {
        if (CountsBranches)
        {
            engine?.CountBranches(false);
        }

        AreEnabled = _wantsBranches = CountsBranches = false;
    }

    private static PerformanceEvent EventOf(ulong config) => (PerformanceEvent)(config & Pmcfg.EventMask);

    /// <summary>Whether a condition holds of the PMCFG of a counter that counts in some mode.</summary>
    private bool IsAny(Predicate<ulong> condition)
    {
        for (int n = 0; n < Pmcfg.Counters; n++)
        {
            ulong host = _host[Pmcfg.Config(n)], guest = _guest[Pmcfg.Config(n)];
            if (((host & Pmcfg.PlvMask) != 0 && condition(host)) || ((guest & Pmcfg.PlvMask) != 0 && condition(guest)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What the event of a counter has counted since the core was made.</summary>
    private ulong Source(ulong* bank, int counter)
    {
        ref EventCounts events = ref _state->Events;
        return EventOf(bank[Pmcfg.Config(counter)]) switch
        {
            PerformanceEvent.Cycles => _state->Retired + Ahead,
            PerformanceEvent.Instructions => _state->Retired + Ahead - events.Faults,
            PerformanceEvent.Branches => events.Branches,
            PerformanceEvent.BranchMisses => events.BranchMisses,
            PerformanceEvent.FetchRefills => events.FetchRefills,
            PerformanceEvent.DataRefills => events.DataRefills,
            _ => 0,
        };
    }

    private void SetDeadline(ulong config, ulong source)
    {
        ref EventCounts events = ref _state->Events;
        switch (EventOf(config))
        {
            case PerformanceEvent.Branches:
                events.BranchDeadline = Nearer(events.BranchDeadline, source, events.Branches);
                break;
            case PerformanceEvent.BranchMisses:
                events.MissDeadline = Nearer(events.MissDeadline, source, events.BranchMisses);
                break;
        }
    }

    /// <summary>
    /// Of two values that a count will come to, the first; 0 stands for none, as what has passed does.
    /// </summary>
    private static ulong Nearer(ulong one, ulong other, ulong now) =>
        (long)(other - now) <= 0 ? one : one == 0 || other - now < one - now ? other : one;

    /// <summary>Instructions until a counter of cycles or instructions may overflow.</summary>
    private ulong UntilOverflow()
    {
        ulong least = long.MaxValue;
        ulong* bank = _state->Csr;
        for (int n = 0; n < Pmcfg.Counters; n++)
        {
            ulong config = bank[Pmcfg.Config(n)], count = Read(bank, n);
            bool counts = (_state->Events.Counting >> n & 1) != 0 && (config & Pmcfg.InterruptEnable) != 0;
            if (counts && EventOf(config) is PerformanceEvent.Cycles or PerformanceEvent.Instructions
                && (count & Pmcfg.Overflow) == 0)
            {
                least = Math.Min(least, Pmcfg.Overflow - count);
            }
        }

        return least;
    }

    private bool HasOverflowed(ulong* bank)
    {
        bool level = false;
        for (int n = 0; n < Pmcfg.Counters; n++)
        {
            level |= (bank[Pmcfg.Config(n)] & Pmcfg.InterruptEnable) != 0 && (Read(bank, n) & Pmcfg.Overflow) != 0;
        }

        return level;
    }

    private ulong Read(ulong* bank, int counter)
    {
        bool counts = bank == _state->Csr && (_state->Events.Counting >> counter & 1) != 0;
        return bank[Pmcfg.Count(counter)] + (counts ? Source(bank, counter) : 0);
    }
}
