namespace LaKvm.Cpu;

/// <summary>
/// What CPUCFG says of the emulated core (manual volume 1, 2.2.10.5, and the 3A5000 manual's values).
/// </summary>
public static class La464
{
    /// <summary>Units that are announced and executed, as EUEN bits.</summary>
    public const byte SupportedUnits = 0x7;

    private const uint Lsx = SupportedUnits >> 1 & 1, Lasx = SupportedUnits >> 2 & 1;

    private static ReadOnlySpan<uint> Words =>
    [
        0x0014_c010, // PRID: Loongson, LA464
        0x03f2_f2fe, // LA64, 48-bit addresses, UAL, RI, EP, RPLV, HP, CRC
        0x0060_cc0f | (Lsx << 6) | (Lasx << 7), // FP, LVZ version 1, LLFTP, LSPW, LAM
        0x0000_fcff, // cache coherence, UCACC (QEMU's LA464 has it, KVM gives a guest no more than this), LLEXC, SCDLY,
                     // LLDBAR, page walk levels, RVA
        (uint)IClock.Frequency,
        0x0001_0001, // crystal multiplier and divider
        0x0000_7f33, // four performance counters of 64 bits, which user mode may read if it is allowed to
        0, 0, 0, 0, 0, 0, 0, 0, 0,
        0x0000_2c3d, // caches: L1 I and D, L2 private, L3 shared and inclusive
        0x0608_0003,
        0x0608_0003,
        0x0608_000f,
        0x060e_000f,
    ];

    /// <summary>CPUCFG word <paramref name="index"/>; words that do not exist read 0.</summary>
    public static uint Cpucfg(ulong index) => index < (ulong)Words.Length ? Words[(int)index] : 0;
}
