using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// A vCPU's performance counters. They are in memory until the guest touches one, which is an exit; then GCFG.GPERF
/// gives the guest as many of the core's as its CPUCFG says, up to the next exit. While one of them counts the guest
/// gets them back at each entry.
/// </summary>
internal sealed unsafe class GuestPmu(VcpuRegisters registers, GuestCpucfg cpucfg, RequestSet requests)
{
    private const int Registers = 8;
    private const ulong EnableMask = 0xf << 16, InterruptEnable = 1 << 20, Overflow = 1UL << 63;

    /// <summary>
    /// PMCNT0-3, then PMCFG0-3, in the order in which they are loaded: what counts has its count by then.
    /// </summary>
    private static readonly int[] _counts = [.. Numbers(1)], _configs = [.. Numbers(0)];

    /// <summary>Whether the guest has the core's counters.</summary>
    internal bool IsLoaded { get; private set; }

    /// <summary>
    /// Whether an enabled counter has overflowed, which the guest's ESTAT does not show while the core has its counters
    /// back.
    /// </summary>
    internal bool IsInterrupting =>
        !IsLoaded && HasAny((config, count) => (config & InterruptEnable) != 0 && (count & Overflow) != 0);

    /// <summary>Whether a CSR belongs to a counter that the guest has.</summary>
    internal bool Has(int csr) => csr >= Csr.Pmcfg0 && csr < Csr.Pmcfg0 + (2 * cpucfg.Counters);

    /// <summary>The guest has touched a counter, or user space has enabled one.</summary>
    internal void Request() => requests.Make(KvmRequest.Pmu);

    /// <summary>User space has written a CSR: what it has enabled must count from the next entry on.</summary>
    internal void Written(int csr)
    {
        if (csr is >= Csr.Pmcfg0 and < Csr.Pmcfg0 + Registers && IsCounting)
        {
            Request();
        }
    }

    /// <summary>Gives the guest the counters, if its CPUCFG has any.</summary>
    internal void Own(Core core)
    {
        if (cpucfg.Counters == 0)
        {
            return;
        }

        core.ExchangeCsr(Csr.Gcfg, (ulong)cpucfg.Counters << LvzFields.GcfgGperfShift, LvzFields.GcfgGperfMask);
        core.WriteGcsrs(_counts, registers.Csr);
        core.WriteGcsrs(_configs, registers.Csr);
        IsLoaded = true;
    }

    /// <summary>The guest was left: takes the counters back, and gives them again if one of them counts.</summary>
    internal void Lose(Core core)
    {
        if (IsLoaded)
        {
            Save(core);
            Written(Csr.Pmcfg0);
        }
    }

    /// <summary>The guest is not entered after all: takes the counters back for now.</summary>
    internal void Postpone(Core core)
    {
        if (IsLoaded)
        {
            Save(core);
            Request();
        }
    }

    private bool IsCounting => HasAny((config, _) => (config & EnableMask) != 0);

    private static IEnumerable<int> Numbers(int offset) =>
        Enumerable.Range(0, Registers / 2).Select(n => Csr.Pmcfg0 + (2 * n) + offset);

    private void Save(Core core)
    {
        core.ReadGcsrs(_counts, registers.Csr);
        foreach (int config in _configs)
        {
            registers.Csr[config] = core.ExchangeGcsr(config, 0, ulong.MaxValue);
        }

        core.ExchangeCsr(Csr.Gcfg, 0, LvzFields.GcfgGperfMask);
        IsLoaded = false;
    }

    private bool HasAny(Func<ulong, ulong, bool> condition)
    {
        for (int csr = Csr.Pmcfg0; csr < Csr.Pmcfg0 + Registers; csr += 2)
        {
            if (condition(registers.Csr[csr], registers.Csr[csr + 1]))
            {
                return true;
            }
        }

        return false;
    }
}
