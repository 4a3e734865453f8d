using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>TLB tags: which GID the guest's translations carry on the core that runs it.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const int InvalidateAllGids = 0x12, InvalidateGidAddress = 0x16;

    /// <summary>Tag in the low bits, version of the core's tags above; 0 is never valid.</summary>
    private ulong _vpid;
    private int _vpidCpu = -1;

    /// <summary>Guest-physical address whose second-stage translation has changed, or all ones.</summary>
    private ulong _flushGpa = NoGpa;

    /// <summary>Gives the vCPU a new tag if it has none that is valid on this core.</summary>
    private void CheckVpid()
    {
        HostCpu cpu = _cpu!;
        ulong mask = Vm.Module.VpidMask;
        if (_vpidCpu == cpu.Id && ((_vpid ^ cpu.VpidCache) & ~mask) == 0)
        {
            return;
        }

        UpdateVpid(cpu, mask);
        Trace(TraceEvent.VpidChange, _vpid);
        _vpidCpu = cpu.Id;

        // Under a new tag there is nothing stale to drop.
        TakeRequest(KvmRequest.TlbFlushGpa);
        _flushGpa = NoGpa;
        ClearGuestLlbit();
        ulong gid = (_vpid & mask) << LvzFields.GidShift;
        _core!.ExchangeCsr(Csr.Gstat, gid, LvzFields.GstatGidMask);
        _core.ExchangeCsr(Csr.Gtlbc, gid, LvzFields.GstatGidMask);
    }

    private void UpdateVpid(HostCpu cpu, ulong mask)
    {
        ulong vpid = cpu.VpidCache + 1;
        if ((vpid & mask) == 0)
        {
            // All tags are used up: 0 is the host's, and the others start again with an empty TLB.
            vpid++;
            cpu.Core.InvalidateTlb(InvalidateAllGids, 0, 0);
        }

        cpu.VpidCache = vpid;
        _vpid = vpid;
    }

    /// <summary>Drops the translation of the page pair whose entry has changed.</summary>
    private void FlushGpa()
    {
        if (_flushGpa == NoGpa)
        {
            return;
        }

        ulong gid = _core!.ReadCsr(Csr.Gstat) & LvzFields.GstatGidMask;
        _core.InvalidateTlb(InvalidateGidAddress, gid, _flushGpa & ~((2 * _machine.Pages.PageSize) - 1));
        _flushGpa = NoGpa;
    }
}
