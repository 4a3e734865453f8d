using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Moving a vCPU's registers into a core and back. Giving a core up leaves the registers there: the vCPU is resident, and
/// comes back for nothing if nobody else has used the core. Whoever takes the core next, or wants to see the registers,
/// saves them first. Only the owner of a core touches what is in it.
/// </summary>
public sealed unsafe partial class KvmVcpu
{
    /// <summary>The core that holds the registers, or null: then they are in memory. Written by that core's owner.</summary>
    private HostCpu? _residentCpu;

    /// <summary>Memory and the guest CSR file agree (KVM_SWCSR_LATEST).</summary>
    private bool _softwareCopyValid = true;

    /// <summary>The guest CSR file of the last core still holds what is in memory (KVM_HWCSR_USABLE).</summary>
    private bool _hardwareCopyValid;

    private long _loadedTimeOffset;

    /// <summary>Takes a core and makes the guest CSR file this vCPU's.</summary>
    internal void Load()
    {
        HostCpu cpu = _machine.Scheduler.Acquire(this, _lastCpu, out ulong delay);
        Volatile.Write(ref _cpu, cpu);
        _core = cpu.Core;
        if (cpu.Resident != this)
        {
            cpu.Resident?.Save(cpu);
            Synchronize(); // the registers may be in another core, which somebody holds or not
            Restore(cpu);
        }

        _registers.LoadGpr(_core.State->Gpr);
        _core.ExchangeCsr(Csr.Gstat, LvzFields.GstatPvm, LvzFields.GstatPvm);
        _core.PollTimers(); // time has passed in which no engine looked at them
        if (_loadedTimeOffset != Vm.TimeOffset)
        {
            _loadedTimeOffset = Vm.TimeOffset;
            _core.ExchangeCsr(Csr.Gcntc, (ulong)_loadedTimeOffset, ulong.MaxValue);
        }

        CountRunDelay(delay);
    }

    /// <summary>Gives the core up; the registers stay in it.</summary>
    internal void Put()
    {
        HostCpu cpu = _cpu!;
        if (cpu.NeedResched && !_blocking)
        {
            MarkPreempted();
        }

        _registers.PutGpr();
        cpu.Core.ExchangeCsr(Csr.Gstat, 0, LvzFields.GstatPvm);
        _lastCpu = cpu.Id;
        if (_blocking)
        {
            ArmSoftTimer();
        }

        _core = null;
        Volatile.Write(ref _cpu, null);
        _machine.Scheduler.Release(cpu);
    }

    /// <summary>
    /// Gets the registers into memory: for an ioctl that reads or writes them, and for another core. Whoever takes a core saves
    /// what is in it before waiting for anything, so that this ends; who took it for a moment only may give it back as it
    /// was, and then the registers are saved here.
    /// </summary>
    private void Synchronize()
    {
        SpinWait spin = default;
        while (Volatile.Read(ref _residentCpu) is { } cpu)
        {
            if (_machine.Scheduler.TryAcquire(cpu, this))
            {
                if (cpu.Resident == this)
                {
                    Save(cpu);
                }

                _machine.Scheduler.Release(cpu);
                return;
            }

            spin.SpinOnce(); // somebody is taking the core, and saves what is in it
        }
    }

    /// <summary>Memory to core.</summary>
    private void Restore(HostCpu cpu)
    {
        if (_lastCpu != cpu.Id || cpu.LastVcpu != this)
        {
            cpu.LastVcpu = this;
            _hardwareCopyValid = false;
        }

        RestoreTimer();
        if (!_hardwareCopyValid)
        {
            RestoreCsrs();
        }

        cpu.Resident = this;
        _residentCpu = cpu;
    }

    /// <summary>Core to memory; by the owner of the core, on any thread.</summary>
    private void Save(HostCpu cpu)
    {
        Core core = cpu.Core;
        LoseFpu(core);
        if (!_softwareCopyValid)
        {
            SaveCsrs(core);
        }

        SaveTimer(core);
        _registers.Csr[Csr.Gintc] = core.ReadCsr(Csr.Gintc);
        cpu.Resident = null;
        Volatile.Write(ref _residentCpu, null);
    }

    private void RestoreCsrs()
    {
        Core core = _core!;
        ulong* csr = _registers.Csr;
        _loadedTimeOffset = Vm.TimeOffset;
        core.ExchangeCsr(Csr.Gcntc, (ulong)_loadedTimeOffset, ulong.MaxValue);
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

    private void SaveCsrs(Core core)
    {
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
