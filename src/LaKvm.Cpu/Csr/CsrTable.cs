namespace LaKvm.Cpu;

/// <summary>
/// The CSRs of the LA464: one row each (manual volume 1, chapter 7). Registers that are not here read 0, and writes to
/// them are ignored (7.1); in guest mode they leave to root mode.
/// </summary>
public static class CsrTable
{
    private const ulong All = ulong.MaxValue;
    private const ulong PageBase = ~0xfffUL;
    private const ulong EloBits = 0xe000_ffff_ffff_f07f;
    /// <summary>TLBEHI.VPPN: bits 47:13 of a virtual address.</summary>
    internal const ulong VppnBits = 0x0000_ffff_ffff_e000;

    /// <summary>
    /// Bits of EENTRY, TLBRENTRY and MERRENTRY that are not there: the offset in the page (manual volume 1, 7.4.10).
    /// </summary>
    public const ulong EntryOffset = 0xfff;

    /// <summary>log2 of the smallest page.</summary>
    internal const int SmallestPageShift = 12;

    /// <summary>PRCFG2.PSAVL: bit n for pages of 2^n bytes, here 4 KiB to 512 MiB.</summary>
    private const ulong PageSizes = 0x3fff_f000;

    private const ulong TimerBits = (1UL << 48) - 1;
    private const ulong PhysicalPage = 0x0000_ffff_ffff_f000;

    private static readonly CsrDeclaration?[] ByNumber = Index();

    /// <summary>
    /// By number the bits that root mode changes in the guest's copy of a plain CSR; 0 for one that is not plain, or
    /// has no copy.
    /// </summary>
    internal static readonly ulong[] PlainInGuest = Array.ConvertAll(
        ByNumber, row => row is { IsPlain: true, Guest: GuestAccess.Hardware } ? row.RootWritable : 0);

    /// <summary>All rows.</summary>
    public static CsrDeclaration[] Rows { get; } = Build();

    /// <summary>The row of a CSR number, or null where none is implemented.</summary>
    public static CsrDeclaration? Find(int csr) => (uint)csr < Csr.BankSize ? ByNumber[csr] : null;

    /// <summary>
    /// Whether csrrd of either mode gives what <see cref="CpuState.Csr"/> holds, of a row that a guest has.
    /// </summary>
    public static bool ReadsAsStored(int csr) =>
        Find(csr) is { Guest: GuestAccess.Hardware, Read: CsrRead.Stored, IsTimer: false };

    /// <summary>
    /// Whether csrwr and csrxchg of either mode do nothing but change the stored bits that are writable.
    /// </summary>
    public static bool StoresOnly(int csr) => Find(csr) is { Guest: GuestAccess.Hardware, IsPlain: true };

    /// <summary>Whether a guest's access to a CSR, one without a guest copy, leaves to root mode.</summary>
    public static bool LeavesGuest(int csr) => Find(csr) is not { Guest: GuestAccess.Hardware or GuestAccess.Granted };

    /// <summary>Whether there are pages of 2^<paramref name="shift"/> bytes.</summary>
    internal static bool IsPageSize(int shift) => (PageSizes >> shift & 1) != 0;

    private static CsrDeclaration[] Build() =>
        [.. Basic(), .. Translation(), .. Configuration(), .. TimerAndLvz(), .. RefillAndErrors(), .. Performance(),
            .. Debug()];

    private static CsrDeclaration?[] Index()
    {
        var table = new CsrDeclaration?[Csr.BankSize];
        foreach (CsrDeclaration row in Build())
        {
            table[row.Number] = row;
        }

        return table;
    }

    private static IEnumerable<CsrDeclaration> Basic() =>
    [
        Both(Csr.Crmd, "CRMD", 0x3ff, Crmd.Da) with { Write = CsrWrite.Mode },
        Both(Csr.Prmd, "PRMD", 0xf),
        Both(Csr.Euen, "EUEN", 0x7) with { Write = CsrWrite.Mode }, // BTE stays 0: no LBT
        // VA32L1-3 read 0 on this core (inferred).
        Both(Csr.Misc, "MISC", 0x7_fee0) with { Write = CsrWrite.Translations },
        Both(Csr.Ecfg, "ECFG", 0x7_1fff) with { Write = CsrWrite.Interrupts },
        Both(Csr.Estat, "ESTAT", Estat.SwiMask, 0, rootWritable: 0x7fff_5c03)
            with { Read = CsrRead.Lines, Write = CsrWrite.Interrupts, Kvm = KvmCsr.OwnRules },
        Both(Csr.Era, "ERA", All),
        Both(Csr.Badv, "BADV", All),
        Both(Csr.Badi, "BADI", 0, 0, rootWritable: 0xffff_ffff),
        Both(Csr.Eentry, "EENTRY", PageBase) with { IsEntry = true },
    ];

    private static IEnumerable<CsrDeclaration> Translation() =>
    [
        Both(Csr.Tlbidx, "TLBIDX", 0xbf00_0fff),
        Both(Csr.Tlbehi, "TLBEHI", VppnBits) with { Read = CsrRead.Vppn },
        Both(Csr.Tlbelo0, "TLBELO0", EloBits),
        Both(Csr.Tlbelo1, "TLBELO1", EloBits),
        Both(Csr.Asid, "ASID", 0x3ff, 10 << 16) with { Write = CsrWrite.AddressSpace },
        Both(Csr.Pgdl, "PGDL", PageBase),
        Both(Csr.Pgdh, "PGDH", PageBase),
        Both(Csr.Pgd, "PGD", 0) with { Read = CsrRead.PageDirectory, Kvm = KvmCsr.OwnRules },
        Both(Csr.Pwcl, "PWCL", 0xffff_ffff),
        Both(Csr.Pwch, "PWCH", 0x00ff_ffff),
        Both(Csr.Stlbps, "STLBPS", 0x3f, 12) with { Write = CsrWrite.Translations },
        Both(Csr.Rvacfg, "RVACFG", 0xf) with { Write = CsrWrite.Translations },
        .. Series(4, i => Both(Csr.Dmw0 + i, $"DMW{i}", 0xf000_0000_0000_003f)
            with { Write = CsrWrite.Translations }),
    ];

    private static IEnumerable<CsrDeclaration> Configuration() =>
    [
        Both(Csr.Cpuid, "CPUID", 0, 0, rootWritable: 0x1ff),
        Both(Csr.Prcfg1, "PRCFG1", 0, 0x72f8) with { Kvm = KvmCsr.ReadOnly },
        Both(Csr.Prcfg2, "PRCFG2", 0, PageSizes) with { Kvm = KvmCsr.ReadOnly },
        Both(Csr.Prcfg3, "PRCFG3", 0, 0x0080_73f2) with { Kvm = KvmCsr.ReadOnly },
        .. Series(8, i => Both(Csr.Save0 + i, $"SAVE{i}", All)),
    ];

    private static IEnumerable<CsrDeclaration> TimerAndLvz()
    {
        // Capabilities: every MATC mode, the traps SIT, TIT, TOE and TOP, every cacop mode, performance counters for
        // the guest. TORU is not announced: what root mode has not implemented leaves in any case (inferred).
        const ulong traps = LvzFields.GcfgSit | LvzFields.GcfgTit | LvzFields.GcfgToe | LvzFields.GcfgTop;
        return
        [
            Both(Csr.Tid, "TID", 0xffff_ffff),
            Both(Csr.Tcfg, "TCFG", TimerBits)
                with { Read = CsrRead.TimerConfig, Write = CsrWrite.TimerConfig, Kvm = KvmCsr.OwnRules },
            Both(Csr.Tval, "TVAL", 0, 0, rootWritable: TimerBits)
                with { Read = CsrRead.TimerValue, Write = CsrWrite.TimerValue, Kvm = KvmCsr.OwnRules },
            Both(Csr.Cntc, "CNTC", All),
            Both(Csr.Ticlr, "TICLR", 0) with { Write = CsrWrite.TimerClear, Kvm = KvmCsr.OwnRules },
            Both(Csr.Llbctl, "LLBCTL", 0x4) with { Read = CsrRead.Llbit, Write = CsrWrite.Llbit },
            Root(Csr.Gtlbc, "GTLBC", 0xff_303f),
            Root(Csr.Trgp, "TRGP", 0xff_0001),
            Root(Csr.Gstat, "GSTAT", LvzFields.GstatPvm | LvzFields.GstatGidMask, LvzFields.GidBits << 4)
                with { Read = CsrRead.GuestMode, Write = CsrWrite.GuestId },
            Root(Csr.Gcfg, "GCFG", 0x30_0030 | traps | LvzFields.GcfgGperfMask,
                0x0007_0007 | (traps >> 1) | LvzFields.GcfgGpmp) with { Write = CsrWrite.Counters },
            Root(Csr.Gintc, "GINTC", 0xff_ffff) with { Write = CsrWrite.Interrupts },
            Root(Csr.Gcntc, "GCNTC", All),
        ];
    }

    private static IEnumerable<CsrDeclaration> RefillAndErrors() =>
    [
        Software(Csr.Impctl1, "IMPCTL1", All),
        Software(Csr.Impctl2, "IMPCTL2", All),
        Both(Csr.Tlbrentry, "TLBRENTRY", PhysicalPage) with { IsEntry = true },
        Both(Csr.Tlbrbadv, "TLBRBADV", All),
        Both(Csr.Tlbrera, "TLBRERA", ~2UL),
        Both(Csr.Tlbrsave, "TLBRSAVE", All),
        Both(Csr.Tlbrelo0, "TLBRELO0", EloBits),
        Both(Csr.Tlbrelo1, "TLBRELO1", EloBits),
        Both(Csr.Tlbrehi, "TLBREHI", VppnBits | 0x3f) with { Read = CsrRead.RefillVppn },
        Both(Csr.Tlbrprmd, "TLBRPRMD", 0x1f),
        Software(Csr.Merrctl, "MERRCTL", 0x1ffc),
        Software(Csr.Merrinfo1, "MERRINFO1", 0),
        Software(Csr.Merrinfo2, "MERRINFO2", 0),
        Software(Csr.Merrentry, "MERRENTRY", PhysicalPage) with { IsEntry = true },
        Software(Csr.Merrera, "MERRERA", All),
        Software(Csr.Merrsave, "MERRSAVE", All),
        Software(Csr.Ctag, "CTAG", All),
    ];

    // GMOD of PMCFG reads 0: a counter counts in the mode that its copy belongs to (inferred).
    private static IEnumerable<CsrDeclaration> Performance() => Series(Pmcfg.Counters, i => new[]
    {
        Counter(Pmcfg.Config(i), $"PMCFG{i}", Pmcfg.EventMask | Pmcfg.PlvMask | Pmcfg.InterruptEnable),
        Counter(Pmcfg.Count(i), $"PMCNT{i}", All) with { Read = CsrRead.Count },
    }).SelectMany(rows => rows);

    // No watchpoints: the configuration registers say 0 of them, and those of each read 0.
    private static IEnumerable<CsrDeclaration> Debug() =>
    [
        Software(Csr.Mwpc, "MWPC", 0),
        Software(Csr.Mwps, "MWPS", 0),
        .. Watchpoints(Csr.Mwpc, "MWP"),
        Software(Csr.Fwpc, "FWPC", 0),
        Software(Csr.Fwps, "FWPS", 0),
        .. Watchpoints(Csr.Fwpc, "FWP"),
        Software(Csr.Dbg, "DBG", 0),
        Software(Csr.Dera, "DERA", All),
        Software(Csr.Dsave, "DSAVE", All),
    ];

    /// <summary>Eight watchpoints of four registers, in steps of eight (manual volume 1, 7.7).</summary>
    private static IEnumerable<CsrDeclaration> Watchpoints(int first, string name) =>
        from i in Enumerable.Range(0, 8)
        from part in Enumerable.Range(0, 4)
        select Software(first + 0x10 + (i * 8) + part, $"{name}{i}CFG{part + 1}", 0);

    private static IEnumerable<T> Series<T>(int count, Func<int, T> row) => Enumerable.Range(0, count).Select(row);

    /// <summary>A register of root mode and of the guest, whose copy KVM moves unless the row says otherwise.</summary>
    private static CsrDeclaration Both(
        int number, string name, ulong writable, ulong reset = 0, ulong? rootWritable = null) =>
        new(number, name, writable, reset, GuestAccess.Hardware, rootWritable ?? writable) { Kvm = KvmCsr.Switched };

    /// <summary>A register of a performance counter, which KVM keeps while the guest does not use it.</summary>
    private static CsrDeclaration Counter(int number, string name, ulong writable) =>
        new(number, name, writable, 0, GuestAccess.Granted, writable)
        {
            Write = CsrWrite.Counters,
            Kvm = KvmCsr.Software,
        };

    /// <summary>A register of root mode alone.</summary>
    private static CsrDeclaration Root(int number, string name, ulong writable, ulong reset = 0) =>
        new(number, name, writable, reset, GuestAccess.Exit, 0);

    /// <summary>A register of root mode, of which KVM keeps a value for the guest.</summary>
    private static CsrDeclaration Software(int number, string name, ulong writable) =>
        Root(number, name, writable) with { Kvm = KvmCsr.Software };
}
