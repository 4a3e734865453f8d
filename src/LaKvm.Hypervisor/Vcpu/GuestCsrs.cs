using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Which CSRs a guest has, and who keeps them.</summary>
internal static class GuestCsrs
{
    private static byte[]? _kinds;

    private enum Kind : byte
    {
        None,
        Hardware,
        Software,
    }

    /// <summary>
    /// Registers of the guest CSR file that are moved between it and memory when a vCPU is loaded and put; ESTAT and
    /// the timer have their own rules, and PGD follows from others.
    /// </summary>
    internal static int[] Switched { get; } = Build(
        [.. Range(Csr.Crmd, Csr.Ecfg), .. Range(Csr.Era, Csr.Badi), Csr.Eentry, .. Range(Csr.Tlbidx, Csr.Tlbelo1),
         .. Range(Csr.Asid, Csr.Pgdh), .. Range(Csr.Pwcl, Csr.Cpuid), .. Range(Csr.Save0, Csr.Save0 + 7), Csr.Tid,
         Csr.Cntc, Csr.Llbctl, .. Range(Csr.Tlbrentry, Csr.Tlbrprmd), .. Range(Csr.Dmw0, Csr.Dmw0 + 3)]);

    /// <summary>Registers that only are read back: what the core is.</summary>
    internal static int[] ReadOnly { get; } = Build([.. Range(Csr.Prcfg1, Csr.Prcfg3)]);

    /// <summary>Whether the guest CSR file holds it.</summary>
    internal static bool IsHardware(int csr) => KindOf(csr) == Kind.Hardware;

    /// <summary>Whether the hypervisor keeps it as a plain value.</summary>
    internal static bool IsSoftware(int csr) => KindOf(csr) == Kind.Software;

    private static Kind KindOf(int csr) => (uint)csr < Csr.BankSize ? (Kind)(_kinds ??= BuildKinds())[csr] : Kind.None;

    private static int[] Build(IEnumerable<int> csrs) => [.. csrs];

    private static IEnumerable<int> Range(int first, int last) => Enumerable.Range(first, last - first + 1);

    private static byte[] BuildKinds()
    {
        var kinds = new byte[Csr.BankSize];
        int[] timer = [Csr.Estat, Csr.Pgd, Csr.Tcfg, Csr.Tval, Csr.Ticlr];
        foreach (int csr in Switched.Concat(ReadOnly).Concat(timer))
        {
            kinds[csr] = (byte)Kind.Hardware;
        }

        int[] software = [Csr.Impctl1, Csr.Impctl2, .. Range(Csr.Merrctl, Csr.Merrsave), Csr.Ctag,
            Csr.Dbg, Csr.Dera, Csr.Dsave, Csr.Mwpc, Csr.Mwps, Csr.Fwpc, Csr.Fwps,
            .. Watchpoints(Csr.Mwpc + 0x10), .. Watchpoints(Csr.Fwpc + 0x10),
            .. Range(PerformanceFirst, PerformanceLast)];
        foreach (int csr in software)
        {
            kinds[csr] = (byte)Kind.Software;
        }

        return kinds;
    }

    /// <summary>PMCFG0, the first of eight registers of four counters.</summary>
    internal const int PerformanceFirst = 0x200;

    /// <summary>PMCNT3.</summary>
    internal const int PerformanceLast = 0x207;

    /// <summary>Eight watchpoints of four registers, in steps of eight.</summary>
    private static IEnumerable<int> Watchpoints(int first) =>
        Enumerable.Range(0, 8).SelectMany(i => Range(first + (i * 8), first + (i * 8) + 3));
}
