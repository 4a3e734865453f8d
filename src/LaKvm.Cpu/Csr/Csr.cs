namespace LaKvm.Cpu;

/// <summary>CSR numbers (manual volume 1, section 7.1; LVZ numbers as Linux uses them).</summary>
public static class Csr
{
#pragma warning disable CS1591 // The names are the manual's; CsrTable describes each register.
    public const int Crmd = 0x0, Prmd = 0x1, Euen = 0x2, Misc = 0x3, Ecfg = 0x4, Estat = 0x5, Era = 0x6, Badv = 0x7;
    public const int Badi = 0x8, Eentry = 0xc;
    public const int Tlbidx = 0x10, Tlbehi = 0x11, Tlbelo0 = 0x12, Tlbelo1 = 0x13, Gtlbc = 0x15, Trgp = 0x16;
    public const int Asid = 0x18, Pgdl = 0x19, Pgdh = 0x1a, Pgd = 0x1b, Pwcl = 0x1c, Pwch = 0x1d, Stlbps = 0x1e;
    public const int Rvacfg = 0x1f, Cpuid = 0x20, Prcfg1 = 0x21, Prcfg2 = 0x22, Prcfg3 = 0x23;
    public const int Save0 = 0x30;
    public const int Tid = 0x40, Tcfg = 0x41, Tval = 0x42, Cntc = 0x43, Ticlr = 0x44;
    public const int Gstat = 0x50, Gcfg = 0x51, Gintc = 0x52, Gcntc = 0x53;
    public const int Llbctl = 0x60;
    public const int Impctl1 = 0x80, Impctl2 = 0x81, Tlbrentry = 0x88, Tlbrbadv = 0x89, Tlbrera = 0x8a, Tlbrsave = 0x8b;
    public const int Tlbrelo0 = 0x8c, Tlbrelo1 = 0x8d, Tlbrehi = 0x8e, Tlbrprmd = 0x8f;
    public const int Merrctl = 0x90, Merrinfo1 = 0x91, Merrinfo2 = 0x92, Merrentry = 0x93, Merrera = 0x94,
        Merrsave = 0x95;
    public const int Ctag = 0x98;
    public const int Dmw0 = 0x180;
    public const int Pmcfg0 = 0x200;
    public const int Mwpc = 0x300, Mwps = 0x301, Fwpc = 0x380, Fwps = 0x381;
    public const int Dbg = 0x500, Dera = 0x501, Dsave = 0x502;
#pragma warning restore CS1591

    /// <summary>Size of a CSR bank in registers; larger numbers (14 bits exist) are unimplemented.</summary>
    public const int BankSize = 0x800;
}

/// <summary>Fields of CRMD and PRMD (manual volume 1, 7.4.1 and 7.4.2).</summary>
public static class Crmd
{
#pragma warning disable CS1591
    public const ulong PlvMask = 3, Ie = 1 << 2, Da = 1 << 3, Pg = 1 << 4, We = 1 << 9;
#pragma warning restore CS1591
}

/// <summary>Bits of ESTAT.IS and ECFG.LIE (manual volume 1, 7.4.5 and 7.4.6).</summary>
public static class Estat
{
#pragma warning disable CS1591
    public const int Swi0 = 0, Hwi0 = 2, Pcov = 10, Ti = 11, Ipi = 12, Avec = 14;
    public const ulong IsMask = 0x7fff, SwiMask = 3, HwiMask = 0x3fc, TiBit = 1UL << Ti, PcovBit = 1UL << Pcov;
    public const int EcodeShift = 16;
    public const ulong CodeMask = 0x7fff_0000;
#pragma warning restore CS1591
}

/// <summary>Fields of the LVZ control registers (Linux's KVM is the witness; the manual only names them).</summary>
public static class LvzFields
{
#pragma warning disable CS1591
    public const ulong GstatVm = 1, GstatPvm = 2, GstatGidMask = 0xff_0000;
    public const int GidShift = 16, GidBits = 8;
    public const ulong GtlbcUseTgid = 1 << 12;
    public const int TgidShift = 16;
    public const ulong TlbrprmdPreviousGuest = 1 << 3;
    public const ulong GcfgSit = 1 << 7, GcfgTit = 1 << 9, GcfgToe = 1 << 11, GcfgTop = 1 << 13;
    public const int GcfgGciShift = 20, GcfgGperfShift = 24;
    public const ulong GcfgGpmp = 1 << 23, GcfgGperfMask = 7 << GcfgGperfShift;
#pragma warning restore CS1591
}
