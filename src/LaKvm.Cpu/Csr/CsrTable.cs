namespace LaKvm.Cpu;

/// <summary>Who answers a CSR instruction of the guest (KVM's HW_GCSR and SW_GCSR).</summary>
public enum GuestAccess
{
    /// <summary>Leaves guest mode with GSPR.</summary>
    Exit,

    /// <summary>The guest's own copy in the guest CSR file.</summary>
    Hardware,
}

/// <summary>One CSR: what software may write and what it holds after reset.</summary>
/// <param name="Number">CSR number.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Writable">Bits that csrwr and csrxchg change.</param>
/// <param name="Reset">Value after reset; also what the bits that are not writable keep.</param>
/// <param name="Guest">Whether the guest has its own copy.</param>
/// <param name="RootWritable">Bits that gcsrwr and gcsrxchg change in the guest's copy.</param>
public sealed record CsrDeclaration(
    int Number, string Name, ulong Writable, ulong Reset, GuestAccess Guest, ulong RootWritable)
{
    /// <summary>
    /// Whether a read gives the word in the bank: the rows that <see cref="Core"/>'s reading does not mention.
    /// </summary>
    internal bool ReadsAsStored { get; } = Number is not (Csr.Estat or Csr.Pgd or Csr.Tlbehi or Csr.Tlbrehi or Csr.Tcfg
        or Csr.Tval or Csr.Llbctl or Csr.Gstat);

    /// <summary>
    /// Whether moreover a write changes the word and nothing else: those that its writing does not mention.
    /// </summary>
    internal bool IsPlain => ReadsAsStored && !_actsOnWrite;

    private readonly bool _actsOnWrite = Number is Csr.Ticlr or Csr.Crmd or Csr.Euen or Csr.Ecfg or Csr.Gintc
        or Csr.Asid
        or Csr.Rvacfg or Csr.Stlbps or Csr.Misc or (>= Csr.Dmw0 and < Csr.Dmw0 + 4);
}

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

    /// <summary>All rows.</summary>
    public static CsrDeclaration[] Rows { get; } = Build();

    /// <summary>The row of a CSR number, or null where none is implemented.</summary>
    public static CsrDeclaration? Find(int csr) => (uint)csr < Csr.BankSize ? ByNumber[csr] : null;

    /// <summary>Whether there are pages of 2^<paramref name="shift"/> bytes.</summary>
    internal static bool IsPageSize(int shift) => (PageSizes >> shift & 1) != 0;

    private static CsrDeclaration[] Build()
    {
        var rows = new List<CsrDeclaration>(128);
        AddBasic(rows);
        AddTranslation(rows);
        AddConfiguration(rows);
        AddTimerAndLvz(rows);
        AddRefillAndErrors(rows);
        AddDebug(rows);
        return [.. rows];
    }

    private static CsrDeclaration?[] Index()
    {
        var table = new CsrDeclaration?[Csr.BankSize];
        foreach (CsrDeclaration row in Build())
        {
            table[row.Number] = row;
        }

        return table;
    }

    private static void AddBasic(List<CsrDeclaration> rows)
    {
        Both(rows, Csr.Crmd, "CRMD", 0x3ff, Crmd.Da);
        Both(rows, Csr.Prmd, "PRMD", 0xf);
        Both(rows, Csr.Euen, "EUEN", 0x7); // BTE stays 0: no LBT
        Both(rows, Csr.Misc, "MISC", 0x7_f0e0); // VA32L1-3 and RPCNTL1-3 read 0 on this core (inferred)
        Both(rows, Csr.Ecfg, "ECFG", 0x7_1fff);
        Both(rows, Csr.Estat, "ESTAT", Estat.SwiMask, 0, rootWritable: 0x7fff_5c03);
        Both(rows, Csr.Era, "ERA", All);
        Both(rows, Csr.Badv, "BADV", All);
        Both(rows, Csr.Badi, "BADI", 0, 0, rootWritable: 0xffff_ffff);
        Both(rows, Csr.Eentry, "EENTRY", PageBase);
    }

    private static void AddTranslation(List<CsrDeclaration> rows)
    {
        Both(rows, Csr.Tlbidx, "TLBIDX", 0xbf00_0fff);
        Both(rows, Csr.Tlbehi, "TLBEHI", VppnBits);
        Both(rows, Csr.Tlbelo0, "TLBELO0", EloBits);
        Both(rows, Csr.Tlbelo1, "TLBELO1", EloBits);
        Both(rows, Csr.Asid, "ASID", 0x3ff, 10 << 16);
        Both(rows, Csr.Pgdl, "PGDL", PageBase);
        Both(rows, Csr.Pgdh, "PGDH", PageBase);
        Both(rows, Csr.Pgd, "PGD", 0);
        Both(rows, Csr.Pwcl, "PWCL", 0xffff_ffff);
        Both(rows, Csr.Pwch, "PWCH", 0x00ff_ffff);
        Both(rows, Csr.Stlbps, "STLBPS", 0x3f, 12);
        Both(rows, Csr.Rvacfg, "RVACFG", 0xf);
        for (int i = 0; i < 4; i++)
        {
            Both(rows, Csr.Dmw0 + i, $"DMW{i}", 0xf000_0000_0000_003f);
        }
    }

    private static void AddConfiguration(List<CsrDeclaration> rows)
    {
        Both(rows, Csr.Cpuid, "CPUID", 0, 0, rootWritable: 0x1ff);
        Both(rows, Csr.Prcfg1, "PRCFG1", 0, 0x72f8);
        Both(rows, Csr.Prcfg2, "PRCFG2", 0, PageSizes);
        Both(rows, Csr.Prcfg3, "PRCFG3", 0, 0x0080_73f2);
        for (int i = 0; i < 8; i++)
        {
            Both(rows, Csr.Save0 + i, $"SAVE{i}", All);
        }
    }

    private static void AddTimerAndLvz(List<CsrDeclaration> rows)
    {
        Both(rows, Csr.Tid, "TID", 0xffff_ffff);
        Both(rows, Csr.Tcfg, "TCFG", TimerBits);
        Both(rows, Csr.Tval, "TVAL", 0, 0, rootWritable: TimerBits);
        Both(rows, Csr.Cntc, "CNTC", All);
        Both(rows, Csr.Ticlr, "TICLR", 0); // write-only: the timer takes the write
        Both(rows, Csr.Llbctl, "LLBCTL", 0x4);
        Root(rows, Csr.Gtlbc, "GTLBC", 0xff_303f);
        Root(rows, Csr.Trgp, "TRGP", 0xff_0001);
        Root(rows, Csr.Gstat, "GSTAT", LvzFields.GstatPvm | LvzFields.GstatGidMask, LvzFields.GidBits << 4);

        // Capabilities: every MATC mode, the traps SIT, TIT, TOE and TOP, every cacop mode, no guest PMU. TORU is not
        // announced: what root mode has not implemented leaves in any case (inferred).
        const ulong traps = LvzFields.GcfgSit | LvzFields.GcfgTit | LvzFields.GcfgToe | LvzFields.GcfgTop;
        Root(rows, Csr.Gcfg, "GCFG", 0x30_0030 | traps, 0x0007_0007 | (traps >> 1));
        Root(rows, Csr.Gintc, "GINTC", 0xff_ffff);
        Root(rows, Csr.Gcntc, "GCNTC", All);
    }

    private static void AddRefillAndErrors(List<CsrDeclaration> rows)
    {
        Root(rows, Csr.Impctl1, "IMPCTL1", All);
        Root(rows, Csr.Impctl2, "IMPCTL2", All);
        Both(rows, Csr.Tlbrentry, "TLBRENTRY", PhysicalPage);
        Both(rows, Csr.Tlbrbadv, "TLBRBADV", All);
        Both(rows, Csr.Tlbrera, "TLBRERA", ~2UL);
        Both(rows, Csr.Tlbrsave, "TLBRSAVE", All);
        Both(rows, Csr.Tlbrelo0, "TLBRELO0", EloBits);
        Both(rows, Csr.Tlbrelo1, "TLBRELO1", EloBits);
        Both(rows, Csr.Tlbrehi, "TLBREHI", VppnBits | 0x3f);
        Both(rows, Csr.Tlbrprmd, "TLBRPRMD", 0x1f);
        Root(rows, Csr.Merrctl, "MERRCTL", 0x1ffc);
        Root(rows, Csr.Merrinfo1, "MERRINFO1", 0);
        Root(rows, Csr.Merrinfo2, "MERRINFO2", 0);
        Root(rows, Csr.Merrentry, "MERRENTRY", PhysicalPage);
        Root(rows, Csr.Merrera, "MERRERA", All);
        Root(rows, Csr.Merrsave, "MERRSAVE", All);
        Root(rows, Csr.Ctag, "CTAG", All);
    }

    private static void AddDebug(List<CsrDeclaration> rows)
    {
        // No watchpoints: the configuration registers say 0 of them.
        Root(rows, Csr.Mwpc, "MWPC", 0);
        Root(rows, Csr.Mwps, "MWPS", 0);
        Root(rows, Csr.Fwpc, "FWPC", 0);
        Root(rows, Csr.Fwps, "FWPS", 0);
        Root(rows, Csr.Dbg, "DBG", 0);
        Root(rows, Csr.Dera, "DERA", All);
        Root(rows, Csr.Dsave, "DSAVE", All);
    }

    private static void Both(
        List<CsrDeclaration> rows, int number, string name, ulong writable, ulong reset = 0,
        ulong? rootWritable = null) =>
        rows.Add(new CsrDeclaration(number, name, writable, reset, GuestAccess.Hardware, rootWritable ?? writable));

    private static void Root(List<CsrDeclaration> rows, int number, string name, ulong writable, ulong reset = 0) =>
        rows.Add(new CsrDeclaration(number, name, writable, reset, GuestAccess.Exit, 0));
}
