using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// TLB tags of a vCPU (VPID): which GID the guest's translations carry on the core that runs it. A new tag makes all
/// old translations unreachable; a core that has used up its tags starts again with an empty TLB.
/// </summary>
internal sealed class GuestTag(ulong mask, ulong pageSize, VcpuTracer tracer)
{
    private const ulong NoGpa = ulong.MaxValue;
    private const int InvalidateAllGids = 0x12, InvalidateGidAddress = 0x16;

    /// <summary>Tag in the low bits, version of the core's tags above; 0 is never valid.</summary>
    private ulong _vpid;
    private CoreContext? _cpu;

    /// <summary>Guest-physical address whose second-stage translation has changed, or all ones.</summary>
    private ulong _flushGpa = NoGpa;

    private ulong Gid => (_vpid & mask) << LvzFields.GidShift;

    /// <summary>No old translation may be found any more.</summary>
    internal void Drop() => _vpid = 0;

    /// <summary>The entry of a page has changed, and the TLB may hold the old one.</summary>
    internal void Change(ulong gpa) => _flushGpa = gpa;

    /// <summary>Puts the tag into a core that had another vCPU's registers.</summary>
    internal void Restore(Core core)
    {
        core.ExchangeCsr(Csr.Gstat, Gid, ulong.MaxValue);
        core.ExchangeCsr(Csr.Gtlbc, Gid, LvzFields.GstatGidMask);
    }

    /// <summary>
    /// Gives the vCPU a new tag if it has none that is valid on this core; under it there is nothing stale to drop.
    /// </summary>
    /// <returns>Whether it got one.</returns>
    internal bool Check(HostCpu cpu)
    {
        if (_cpu == cpu && ((_vpid ^ cpu.VpidCache) & ~mask) == 0)
        {
            return false;
        }

        Update(cpu);
        tracer.Trace(TraceEvent.VpidChange, _vpid);
        _cpu = cpu;
        _flushGpa = NoGpa;
        ClearLlbit(cpu.Core);
        cpu.Core.ExchangeCsr(Csr.Gstat, Gid, LvzFields.GstatGidMask);
        cpu.Core.ExchangeCsr(Csr.Gtlbc, Gid, LvzFields.GstatGidMask);
        return true;
    }

    /// <summary>Drops the translation of the page pair whose entry has changed, if one has.</summary>
    internal void FlushGpa(Core core)
    {
        if (_flushGpa != NoGpa)
        {
            core.InvalidateTlb(InvalidateGidAddress, Gid, _flushGpa & ~((2 * pageSize) - 1));
            _flushGpa = NoGpa;
        }
    }

    /// <summary>LLBCTL.WCLLB: an sc that follows fails. Another vCPU or the host may have written in between.</summary>
    internal static void ClearLlbit(Core core)
    {
        const ulong wcllb = 1 << 1;
        core.ExchangeGcsr(Csr.Llbctl, wcllb, wcllb);
    }

    private void Update(HostCpu cpu)
    {
        ulong vpid = cpu.VpidCache + 1;
        if ((vpid & mask) == 0)
        {
            vpid++; // 0 is the host's
            cpu.Core.InvalidateTlb(InvalidateAllGids, 0, 0);
        }

        cpu.VpidCache = vpid;
        _vpid = vpid;
    }
}
