namespace LaKvm.Cpu;

/// <summary>A field of a CSR.</summary>
/// <param name="Name">The manual's name.</param>
/// <param name="High">Its highest bit.</param>
/// <param name="Low">Its lowest bit.</param>
public readonly record struct CsrField(string Name, int High, int Low)
{
    /// <summary>The field's part of a register's value.</summary>
    public ulong Of(ulong value) => (value >> Low) & (ulong.MaxValue >> (63 - High + Low));
}

/// <summary>
/// The fields of the CSRs that have some (manual volume 1, chapter 7; those of LVZ as Linux's KVM names them), for
/// people.
/// </summary>
public static class CsrFields
{
    private const string Elo = "V 0, D 1, PLV 3:2, MAT 5:4, G 6, PPN 47:12, NR 61, NX 62, RPLV 63";
    private const string Window = "PLV0 0, PLV1 1, PLV2 2, PLV3 3, MAT 5:4, VSEG 63:60";

    private static readonly Dictionary<int, CsrField[]> _fields = new()
    {
        [Csr.Crmd] = Parse("PLV 1:0, IE 2, DA 3, PG 4, DATF 6:5, DATM 8:7, WE 9"),
        [Csr.Prmd] = Parse("PPLV 1:0, PIE 2, PWE 3"),
        [Csr.Euen] = Parse("FPE 0, SXE 1, ASXE 2, BTE 3"),
        [Csr.Misc] = Parse("VA32L1 1, VA32L2 2, VA32L3 3, DRDTL1 5, DRDTL2 6, DRDTL3 7, RPCNTL1 9, RPCNTL2 10,"
            + " RPCNTL3 11, ALCL0 12, ALCL1 13, ALCL2 14, ALCL3 15, DWPL0 16, DWPL1 17, DWPL2 18"),
        [Csr.Ecfg] = Parse("LIE 12:0, VS 18:16"),
        [Csr.Estat] = Parse("IS 12:0, Ecode 21:16, EsubCode 30:22"),
        [Csr.Tlbidx] = Parse("Index 11:0, PS 29:24, NE 31"),
        [Csr.Tlbehi] = Parse("VPPN 47:13"),
        [Csr.Tlbelo0] = Parse(Elo),
        [Csr.Tlbelo1] = Parse(Elo),
        [Csr.Asid] = Parse("ASID 9:0, ASIDBITS 23:16"),
        [Csr.Pwcl] = Parse("PTbase 4:0, PTwidth 9:5, Dir1_base 14:10, Dir1_width 19:15, Dir2_base 24:20,"
            + " Dir2_width 29:25, PTEWidth 31:30"),
        [Csr.Pwch] = Parse("Dir3_base 5:0, Dir3_width 11:6, Dir4_base 17:12, Dir4_width 23:18"),
        [Csr.Stlbps] = Parse("PS 5:0"),
        [Csr.Cpuid] = Parse("CoreID 8:0"),
        [Csr.Tcfg] = Parse("En 0, Periodic 1, InitVal 47:2"),
        [Csr.Llbctl] = Parse("ROLLB 0, WCLLB 1, KLO 2"),
        [Csr.Tlbrera] = Parse("IsTLBR 0, PC 63:2"),
        [Csr.Tlbrelo0] = Parse(Elo),
        [Csr.Tlbrelo1] = Parse(Elo),
        [Csr.Tlbrehi] = Parse("PS 5:0, VPPN 47:13"),
        [Csr.Tlbrprmd] = Parse("PPLV 1:0, PIE 2, PWE 4"),
        [Csr.Dmw0] = Parse(Window),
        [Csr.Dmw0 + 1] = Parse(Window),
        [Csr.Dmw0 + 2] = Parse(Window),
        [Csr.Dmw0 + 3] = Parse(Window),
        [Csr.Gtlbc] = Parse("USETGID 12, TGID 23:16"),
        [Csr.Gstat] = Parse("VM 0, PVM 1, GID 23:16"),
        [Csr.Gcfg] = Parse("SIT 7, TIT 9, TOE 11, TOP 13, GCI 21:20, GPERF 26:24"),
        [Csr.Gintc] = Parse("HWIS 7:0, HWIP 15:8, HWIC 23:16"),
    };

    /// <summary>The fields of a CSR, from the lowest; none where it is one number.</summary>
    public static IReadOnlyList<CsrField> Of(int csr) => _fields.GetValueOrDefault(csr, []);

    private static CsrField[] Parse(string fields) => [.. fields.Split(", ").Select(field =>
    {
        string[] parts = field.Split(' ', ':');
        return new CsrField(parts[0], int.Parse(parts[1], null), int.Parse(parts[^1], null));
    })];
}
