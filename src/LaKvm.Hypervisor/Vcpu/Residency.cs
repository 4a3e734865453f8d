using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Where a vCPU's registers are: in memory, or in a core. Linux saves them whenever KVM_RUN returns; here they stay in
/// the core (the vCPU is resident) until somebody else takes the core or wants to see them, so that coming back to an
/// untouched core moves the general registers only. <see cref="HandOver"/> is the way between the two.
/// </summary>
internal sealed unsafe class Residency : RegisterSet, IDisposable
{
    private readonly KvmVm _vm;
    private readonly HostMachine _machine;

    private HostCpu? _cpu;
    private int _lastCpu = -1;
    private long _loadedTimeOffset;

    /// <summary>Memory and the guest CSR file agree (KVM_LARCH_SWCSR_LATEST).</summary>
    private bool _softwareCopyValid = true;

    /// <summary>The guest CSR file of the last core still holds what is in memory (KVM_LARCH_HWCSR_USABLE).</summary>
    private bool _hardwareCopyValid;

    /// <summary>Registers as a vCPU has them when it is made, in memory.</summary>
    internal Residency(KvmVm vm, VcpuRegisters registers, InterruptQueue interrupts, VcpuTracer tracer)
    {
        _vm = vm;
        _machine = vm.Machine;
        Registers = registers;
        Timer = new GuestTimer(_machine.Clock, interrupts);
        Fpu = new GuestFpu(registers, tracer);
        Tag = new GuestTag(vm.Module.VpidMask, _machine.Pages.PageSize, tracer);
    }

    /// <summary>The registers.</summary>
    internal VcpuRegisters Registers { get; }

    /// <summary>The guest's timer.</summary>
    internal GuestTimer Timer { get; }

    /// <summary>The guest's floating-point and vector registers.</summary>
    internal GuestFpu Fpu { get; }

    /// <summary>What the guest's TLB entries carry.</summary>
    internal GuestTag Tag { get; }

    /// <summary>The CPU that the vCPU is loaded on, or null. Any thread may look.</summary>
    internal HostCpu? Cpu => Volatile.Read(ref _cpu);

    /// <summary>Whether the vCPU is loaded.</summary>
    internal bool IsLoaded => _cpu != null;

    /// <summary>The core that the vCPU is loaded on.</summary>
    internal Core Core => _cpu!.Core;

    /// <summary>
    /// Takes a core for a thread and makes its guest CSR file this vCPU's. Returns the nanoseconds waited for the core.
    /// </summary>
    internal ulong Load(HostThread thread)
    {
        ulong delay = 0;
        HostCpu cpu = thread.User?.PassCore(this)
            ?? _machine.Scheduler.Acquire(this, thread, _lastCpu, out delay);
        LoadOn(cpu);
        return delay;
    }

    /// <summary>
    /// Lets whoever waits for the core have it, and takes a core again when it is the thread's turn. Returns the
    /// nanoseconds waited.
    /// </summary>
    internal ulong Exchange(HostThread thread)
    {
        HostCpu cpu = Unload(isBlocking: false);
        HostCpu next = _machine.Scheduler.Exchange(cpu, this, thread, out ulong delay);
        LoadOn(next);
        return delay;
    }

    /// <summary>Gives the core back to the program that runs the vCPU; the registers stay in it.</summary>
    internal void ReturnTo(UserMode user) => user.TakeCore(Unload(isBlocking: false));

    /// <summary>Gives the core up; the registers stay in it.</summary>
    /// <param name="isBlocking">The vCPU is going to sleep, and its timer must wake it.</param>
    internal void Put(bool isBlocking) => Unload(isBlocking).Release();

    private void LoadOn(HostCpu cpu)
    {
        Volatile.Write(ref _cpu, cpu);
        Core core = cpu.Core;
        if (cpu.Resident != this)
        {
            HandOver.ToCore(this, cpu).Complete();
        }

        Registers.LoadGpr(core.State->Gpr);
        core.ErtnEntersGuest = true;
        core.PollTimers(); // time has passed in which no engine looked at them
        if (_loadedTimeOffset != _vm.TimeOffset)
        {
            LoadTimeOffset(core);
        }
    }

    private HostCpu Unload(bool isBlocking)
    {
        HostCpu cpu = _cpu!;
        Registers.PutGpr();
        cpu.Core.ErtnEntersGuest = false;
        _lastCpu = cpu.Id;
        if (isBlocking)
        {
            Timer.Arm(cpu.Core);
        }

        Volatile.Write(ref _cpu, null);
        return cpu;
    }

    /// <summary>Gets the registers into memory, for an ioctl that reads or writes them.</summary>
    internal void Synchronize()
    {
        if (ResidentCpu != null)
        {
            HostThread.Current.GiveUpCore(); // they may be in that very one
            HandOver.ToMemory(this).Complete();
        }
    }

    /// <summary>The guest is going to execute, or something else changes the guest CSR file.</summary>
    internal void HardwareChanges() => _softwareCopyValid = false;

    /// <summary>What is in memory has been changed, and is not what a core holds any more.</summary>
    internal void SoftwareChanges() => _hardwareCopyValid = false;

    /// <inheritdoc/>
    internal override void Restore(CoreContext cpu)
    {
        var host = (HostCpu)cpu;
        if (_lastCpu != host.Id || cpu.LastVcpu != this)
        {
            cpu.LastVcpu = this;
            _hardwareCopyValid = false;
        }

        Timer.Restore(host.Core, Registers.Csr);
        if (!_hardwareCopyValid)
        {
            RestoreCsrs(host.Core);
        }
    }

    /// <inheritdoc/>
    internal override void Save(CoreContext cpu)
    {
        Core core = ((HostCpu)cpu).Core;
        Fpu.Lose(core);
        if (!_softwareCopyValid)
        {
            SaveCsrs(core);
        }

        Timer.Save(core, Registers.Csr);
        Registers.Csr[Csr.Gintc] = core.ReadCsr(Csr.Gintc);
    }

    /// <inheritdoc/>
    internal override void LoseFpu(CoreContext cpu) => Fpu.Lose(((HostCpu)cpu).Core);

    /// <summary>
    /// Gets the registers out of the core that may hold them, and frees them; the vCPU does not run any more.
    /// </summary>
    public void Dispose()
    {
        Synchronize();
        foreach (HostCpu cpu in _machine.Cpus)
        {
            if (cpu.LastVcpu == this)
            {
                cpu.LastVcpu = null;
            }
        }

        Registers.Dispose();
    }

    private void LoadTimeOffset(Core core)
    {
        _loadedTimeOffset = _vm.TimeOffset;
        core.ExchangeCsr(Csr.Gcntc, (ulong)_loadedTimeOffset, ulong.MaxValue);
    }

    private void RestoreCsrs(Core core)
    {
        ulong* csr = Registers.Csr;
        LoadTimeOffset(core);
        core.WriteGcsrs(GuestCsrs.Switched, csr);
        core.ExchangeCsr(Csr.Gintc, csr[Csr.Gintc], ulong.MaxValue);
        core.ExchangeCsr(Csr.Pgdl, _vm.Mmu.Table.Root, ulong.MaxValue);
        Tag.Restore(core);
        if (_vm.Vcpus.Length > 1)
        {
            GuestTag.ClearLlbit(core);
        }

        _hardwareCopyValid = true;
    }

    private void SaveCsrs(Core core)
    {
        ulong* csr = Registers.Csr;
        core.ReadGcsrs(GuestCsrs.Switched, csr);
        core.ReadGcsrs(GuestCsrs.ReadOnly, csr);
        csr[Csr.Gstat] = core.ReadCsr(Csr.Gstat);
        _softwareCopyValid = true;
    }
}
