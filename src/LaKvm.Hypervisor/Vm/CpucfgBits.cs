namespace LaKvm.Hypervisor;

/// <summary>Fields of CPUCFG words that the hypervisor decides about (manual volume 1, 2.2.10.5).</summary>
internal static class CpucfgBits
{
    internal const uint MsgInt = 1 << 26; // word 1

    // Word 2.
    internal const uint Fp = 1 << 0, FpSingle = 1 << 1, FpDouble = 1 << 2, FpVersion = 7 << 3;
    internal const uint Lsx = 1 << 6, Lasx = 1 << 7, Lvz = 1 << 10;
    internal const uint Llftp = 1 << 14, LlftpVersion = 7 << 15;
    internal const uint X86Bt = 1 << 18, ArmBt = 1 << 19, MipsBt = 1 << 20, BinaryTranslation = 7 << 18;
    internal const uint Lspw = 1 << 21, Lam = 1 << 22, Ptw = 1 << 24;
    internal const uint Frecipe = 1 << 25, Div32 = 1 << 26, LamBh = 1 << 27, Lamcas = 1 << 28;
    internal const uint LlAcqScRel = 1 << 29, Scq = 1 << 30;

    // Word 3.
    internal const uint Sfb = 1 << 1, SpwLevel = 7 << 8, RvaMax = 0xf << 13;

    // Word 6.
    internal const uint Pmp = 1 << 0, PmNumber = 0xf << PmNumberShift, PmBits = 0x3f << 8, Upm = 1 << 14;
    internal const int PmNumberShift = 4;
}
