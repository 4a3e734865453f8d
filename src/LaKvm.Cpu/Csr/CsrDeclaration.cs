namespace LaKvm.Cpu;

/// <summary>Who answers a CSR instruction of the guest (KVM's HW_GCSR and SW_GCSR).</summary>
public enum GuestAccess
{
    /// <summary>Leaves guest mode with GSPR.</summary>
    Exit,

    /// <summary>The guest's own copy in the guest CSR file.</summary>
    Hardware,

    /// <summary>The guest's own copy of a performance counter, if GCFG.GPERF gives it to the guest.</summary>
    Granted,
}

/// <summary>What a read gives; <see cref="CsrUnit"/> has one case for each.</summary>
public enum CsrRead : byte
{
    /// <summary>The word in the bank.</summary>
    Stored,

    /// <summary>ESTAT: with the levels of the interrupt lines.</summary>
    Lines,

    /// <summary>PGD: PGDL or PGDH, by the faulting address.</summary>
    PageDirectory,

    /// <summary>TLBEHI: the virtual page, sign-extended.</summary>
    Vppn,

    /// <summary>TLBREHI: the same above the page size.</summary>
    RefillVppn,

    /// <summary>TCFG, which the timer holds.</summary>
    TimerConfig,

    /// <summary>TVAL: what is left at the moment.</summary>
    TimerValue,

    /// <summary>LLBCTL: with the mode's LLbit.</summary>
    Llbit,

    /// <summary>GSTAT: with the mode that is running.</summary>
    GuestMode,

    /// <summary>PMCNT: with what was counted meanwhile.</summary>
    Count,
}

/// <summary>What a write does besides changing the writable bits: one case in <see cref="CsrUnit"/>.</summary>
public enum CsrWrite : byte
{
    /// <summary>Nothing.</summary>
    Stored,

    /// <summary>CRMD, EUEN: another mode may run, or other units.</summary>
    Mode,

    /// <summary>ECFG, ESTAT, GINTC: an interrupt may be due.</summary>
    Interrupts,

    /// <summary>ASID: another address space's translations are used.</summary>
    AddressSpace,

    /// <summary>Addresses lead elsewhere: the mode's cached translations are dropped.</summary>
    Translations,

    /// <summary>GSTAT: if the guest id changes, the guest's cached translations are dropped.</summary>
    GuestId,

    /// <summary>TCFG: starts or stops the timer.</summary>
    TimerConfig,

    /// <summary>TVAL, where it can be written: sets what is left.</summary>
    TimerValue,

    /// <summary>TICLR: takes the timer's interrupt back.</summary>
    TimerClear,

    /// <summary>LLBCTL: may clear the LLbit.</summary>
    Llbit,

    /// <summary>PMCFG, PMCNT, and GCFG with the guest's share of them: other events are counted.</summary>
    Counters,
}

/// <summary>How KVM keeps a guest's register (Linux's kvm_init_gcsr_flag).</summary>
public enum KvmCsr : byte
{
    /// <summary>A guest has none; ONE_REG keeps a number for user space.</summary>
    None,

    /// <summary>In the guest CSR file, moved between it and memory when a vCPU is loaded and put.</summary>
    Switched,

    /// <summary>In the guest CSR file, and only read back: what the core is.</summary>
    ReadOnly,

    /// <summary>In the guest CSR file, with rules of its own: ESTAT, the timer's, and PGD, which is others'.</summary>
    OwnRules,

    /// <summary>A plain value that the hypervisor keeps in the core's stead.</summary>
    Software,
}

/// <summary>One CSR: what software may write, what it holds after reset, and how it differs from a word.</summary>
/// <param name="Number">CSR number.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Writable">Bits that csrwr and csrxchg change.</param>
/// <param name="Reset">Value after reset; also what the bits that are not writable keep.</param>
/// <param name="Guest">Whether the guest has its own copy.</param>
/// <param name="RootWritable">Bits that gcsrwr and gcsrxchg change in the guest's copy.</param>
public sealed record CsrDeclaration(
    int Number, string Name, ulong Writable, ulong Reset, GuestAccess Guest, ulong RootWritable)
{
    /// <summary>What a read gives.</summary>
    public CsrRead Read
    {
        get;
        init
        {
            field = value;
            IsPlain = IsStoredOnly;
        }
    }

    /// <summary>What a write does besides.</summary>
    public CsrWrite Write
    {
        get;
        init
        {
            field = value;
            IsPlain = IsStoredOnly;
        }
    }

    /// <summary>How KVM keeps a guest's register.</summary>
    public KvmCsr Kvm { get; init; }

    /// <summary>
    /// Whether it holds the page of an exception entry: a write of <see cref="CsrTable.EntryOffset"/> is reported.
    /// </summary>
    public bool IsEntry { get; init; }

    /// <summary>
    /// Whether a write changes the word and nothing else, and a read gives the word. Kept, since each access asks.
    /// </summary>
    internal bool IsPlain { get; private init; } = true;

    /// <summary>What GCFG.TIT traps besides rdtime.</summary>
    internal bool IsTimer => Write is CsrWrite.TimerConfig or CsrWrite.TimerValue or CsrWrite.TimerClear;

    /// <summary>Whether an address may lead elsewhere after a write.</summary>
    internal bool ChangesTranslation => Write is CsrWrite.AddressSpace or CsrWrite.Translations;

    private bool IsStoredOnly => Read == CsrRead.Stored && Write == CsrWrite.Stored;
}
