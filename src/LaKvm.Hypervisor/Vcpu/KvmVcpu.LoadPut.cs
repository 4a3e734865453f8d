using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Moving a vCPU's registers into a core and back.</summary>
public sealed unsafe partial class KvmVcpu
{
    /// <summary>The copy in memory is as new as the guest CSR file.</summary>
    private bool _softwareCopyValid = true;

    /// <summary>The guest CSR file of the last core still holds this vCPU's registers.</summary>
    private bool _hardwareCopyValid;

    private ulong _stealDelay;

    /// <summary>Takes a core and makes the guest CSR file this vCPU's.</summary>
    internal void Load()
    {
        HostCpu cpu = _machine.Scheduler.Acquire(this, _lastCpu, out ulong delay);
        _stealDelay += delay;
        Volatile.Write(ref _cpu, cpu);
        _core = cpu.Core;
        if (_lastCpu != cpu.Id || cpu.LastVcpu != this)
        {
            cpu.LastVcpu = this;
            _hardwareCopyValid = false;
        }

        RestoreTimer();
        if (_stealAddress != 0)
        {
            SetRequest(KvmRequest.StealUpdate);
        }

        if (!_hardwareCopyValid)
        {
            RestoreCsrs();
        }
    }

    /// <summary>Saves the registers and gives the core up.</summary>
    internal void Put()
    {
        HostCpu cpu = _cpu!;
        if (cpu.NeedResched && !_blocking)
        {
            MarkPreempted();
        }

        _lastCpu = cpu.Id;
        LoseFpu();
        if (!_softwareCopyValid)
        {
            SaveCsrs();
        }

        SaveTimer();
        _registers.Csr[Csr.Gintc] = _core!.ReadCsr(Csr.Gintc);
        _core = null;
        Volatile.Write(ref _cpu, null);
        _machine.Scheduler.Release(cpu);
    }

    private void RestoreCsrs()
    {
        Core core = _core!;
        ulong* csr = _registers.Csr;
        core.ExchangeCsr(Csr.Gcntc, (ulong)Vm.TimeOffset, ulong.MaxValue);
        foreach (int number in GuestCsrs.Switched)
        {
            core.ExchangeGcsr(number, csr[number], ulong.MaxValue);
        }

        core.ExchangeCsr(Csr.Gintc, csr[Csr.Gintc], ulong.MaxValue);
        core.ExchangeCsr(Csr.Gstat, csr[Csr.Gstat], ulong.MaxValue);
        core.ExchangeCsr(Csr.Pgdl, Vm.GpaTable.Root, ulong.MaxValue);
        core.ExchangeCsr(Csr.Gtlbc, csr[Csr.Gstat] & LvzFields.GstatGidMask, LvzFields.GstatGidMask);
        if (Vm.Vcpus.Length > 1)
        {
            ClearGuestLlbit();
        }

        _hardwareCopyValid = true;
    }

    private void SaveCsrs()
    {
        Core core = _core!;
        ulong* csr = _registers.Csr;
        foreach (int number in GuestCsrs.Switched)
        {
            csr[number] = core.ReadGcsr(number);
        }

        foreach (int number in GuestCsrs.ReadOnly)
        {
            csr[number] = core.ReadGcsr(number);
        }

        csr[Csr.Gstat] = core.ReadCsr(Csr.Gstat);
        _softwareCopyValid = true;
    }

    /// <summary>LLBCTL.WCLLB: an sc that follows fails. Another vCPU or the host may have written in between.</summary>
    private void ClearGuestLlbit()
    {
        const ulong wcllb = 1 << 1;
        ExchangeGcsr(Csr.Llbctl, wcllb, wcllb);
    }
}
