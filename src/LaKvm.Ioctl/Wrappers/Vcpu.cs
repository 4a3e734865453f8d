using LaKvm.Cpu;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>A vCPU's descriptor with its mapped run page.</summary>
public sealed unsafe class Vcpu : DescriptorHandle
{
    private const ulong CsrRegisters = 0x9030_0000_0001_0000, KvmRegisters = 0x9030_0000_0002_0000,
        CpucfgRegisters = 0x9030_0000_0004_0000;

    private const int KickSignal = 10; // SIGUSR1

    private readonly KvmVcpu _vcpu;
    private KvmRun* _run;
    private HostThread? _thread;

    internal Vcpu(HostProcess process, int fd)
        : base(process, fd)
    {
        _vcpu = ((VcpuDescriptor)process.Find(fd)!).Vcpu;
        _run = (KvmRun*)process.Map(fd, 0, (ulong)sizeof(KvmRun));
    }

    /// <summary>Closes the descriptor and gives the run page back; no call may be under way.</summary>
    public override void Dispose()
    {
        if (_run != null)
        {
            Process.Unmap((byte*)_run);
            _run = null;
        }

        base.Dispose();
    }

    /// <summary>KVM_RUN: runs the guest on the calling thread until it needs user space.</summary>
    /// <exception cref="KvmException">The run failed other than by a signal.</exception>
    public VcpuExit Run()
    {
        Volatile.Write(ref _thread, HostThread.Current);
        int result = TryCall(KvmIoctl.Run, 0);
        if (result == -(int)Errno.Intr)
        {
            HostThread.Current.TakeSignal(KickSignal);
            return new VcpuExit(VcpuExitKind.Interrupted, 0, 0, false, 0);
        }

        Check(result, "KVM_RUN");
        KvmRun* run = _run;
        return new VcpuExit(
            (VcpuExitKind)run->ExitReason, run->PhysicalAddress, (int)run->Length, run->IsWrite != 0, run->Data);
    }

    /// <summary>
    /// Makes <see cref="Run"/> return with <see cref="VcpuExitKind.Interrupted"/>, now or when it is called next, until
    /// <see cref="AllowRun"/>. Any thread.
    /// </summary>
    public void RequestExit()
    {
        if (_run == null)
        {
            return; // closed
        }

        Volatile.Write(ref _run->ImmediateExit, 1);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _thread)?.Signal(KickSignal);
    }

    /// <summary>
    /// Instructions that the guest may execute before <see cref="Run"/> returns with <see cref="VcpuExitKind.Debug"/>;
    /// <see cref="long.MaxValue"/> without limit. Not through KVM's interface, which has none for that; while the vCPU
    /// does not run.
    /// </summary>
    public long InstructionsLeft
    {
        get => _vcpu.Debug.InstructionsLeft;
        set => _vcpu.Debug.InstructionsLeft = value;
    }

    /// <summary>Why <see cref="Run"/> has returned with <see cref="VcpuExitKind.Debug"/>.</summary>
    public VcpuDebugStop DebugStop => _vcpu.Debug.Stop is { } stop
        ? new(stop.Kind == RunExit.Watchpoint ? VcpuDebugReason.Watchpoint : VcpuDebugReason.Breakpoint, stop.Address)
        : InstructionsLeft <= 0 ? new(VcpuDebugReason.InstructionCount, 0)
        : new(VcpuDebugReason.Breakpoint, GetRegisters().Pc);

    /// <summary>Takes <see cref="RequestExit"/> back.</summary>
    public void AllowRun() => Volatile.Write(ref _run->ImmediateExit, 0);

    /// <summary>
    /// Finishes the access of the last exit without running the guest: its registers are as after the instruction then.
    /// Takes a <see cref="RequestExit"/> back that came meanwhile.
    /// </summary>
    /// <exception cref="KvmException">The run failed other than by that.</exception>
    public void CompleteExit()
    {
        Volatile.Write(ref _run->ImmediateExit, 1);
        while (Run().Kind != VcpuExitKind.Interrupted)
        {
            // The next part of an access wider than 8 bytes.
        }

        AllowRun();
        Interlocked.MemoryBarrier();
    }

    /// <summary>Answers a read; the guest gets it when it runs on.</summary>
    public void SetReadData(ulong data) => _run->Data = data;

    /// <summary>Arguments of a hypercall.</summary>
    public ReadOnlySpan<ulong> HypercallArguments => new(_run->HypercallArguments, 6);

    /// <summary>Answers a hypercall.</summary>
    public void SetHypercallResult(ulong result) => _run->HypercallResult = result;

    /// <summary>KVM_INTERRUPT: n asserts, -n deasserts the interrupt of an ESTAT bit. Any thread.</summary>
    public void Interrupt(int irq) => Call(KvmIoctl.Interrupt, ref irq);

    /// <summary>KVM_GET_REGS: r0 to r31 and PC.</summary>
    public (ulong[] Gpr, ulong Pc) GetRegisters()
    {
        KvmRegs regs;
        Call(KvmIoctl.GetRegs, (nint)(&regs));
        return (new ReadOnlySpan<ulong>(regs.Gpr, 32).ToArray(), regs.Pc);
    }

    /// <summary>KVM_SET_REGS.</summary>
    public void SetRegisters(ReadOnlySpan<ulong> gpr, ulong pc)
    {
        KvmRegs regs = new() { Pc = pc };
        gpr.CopyTo(new Span<ulong>(regs.Gpr, 32));
        Call(KvmIoctl.SetRegs, (nint)(&regs));
    }

    /// <summary>KVM_GET_FPU, for <see cref="SetFpu"/>: the floating-point and vector registers.</summary>
    public byte[] GetFpu()
    {
        byte[] registers = new byte[sizeof(KvmFpu)];
        fixed (byte* fpu = registers)
        {
            Call(KvmIoctl.GetFpu, (nint)fpu);
        }

        return registers;
    }

    /// <summary>KVM_SET_FPU.</summary>
    public void SetFpu(ReadOnlySpan<byte> registers)
    {
        fixed (byte* fpu = registers)
        {
            Call(KvmIoctl.SetFpu, (nint)fpu);
        }
    }

    /// <summary>A CSR of the guest.</summary>
    public ulong GetCsr(int csr) => GetRegister(CsrRegisters + ((ulong)csr * 8));

    /// <summary>Sets a CSR of the guest.</summary>
    public void SetCsr(int csr, ulong value) => SetRegister(CsrRegisters + ((ulong)csr * 8), value);

    /// <summary>Sets a word of the guest's CPUCFG.</summary>
    public void SetCpucfg(uint word, uint value) => SetRegister(CpucfgRegisters + (word * 8), value);

    /// <summary>Bits of a CPUCFG word that a guest can be given.</summary>
    public uint GetCpucfgMask(uint word)
    {
        ulong mask = 0;
        var attr = new KvmDeviceAttr { Attribute = word, Address = (nint)(&mask) };
        Call(KvmIoctl.GetDeviceAttr, ref attr);
        return (uint)mask;
    }

    /// <summary>The guest's stable counter.</summary>
    public ulong Counter
    {
        get => GetRegister(KvmRegisters + 1);
        set => SetRegister(KvmRegisters + 1, value);
    }

    /// <summary>Forgets pending interrupts and the steal time address, as a reset does.</summary>
    public void Reset() => SetRegister(KvmRegisters + 2, 0);

    /// <summary>KVM_SET_GUEST_DEBUG.</summary>
    public void SetGuestDebug(uint control)
    {
        var debug = new KvmGuestDebug { Control = control };
        Call(KvmIoctl.SetGuestDebug, ref debug);
    }

    /// <summary>KVM_GET_STATS_FD: a readable descriptor. Waits for a run that is under way to end.</summary>
    public int GetStatsFd() => Call(KvmIoctl.GetStatsFd, 0);

    /// <summary>The statistics as they are now. Waits for a run that is under way to end.</summary>
    public IReadOnlyList<KvmStatistic> ReadStatistics() => KvmStatistic.ReadAndClose(Process, GetStatsFd());

    /// <summary>KVM_GET_ONE_REG.</summary>
    public ulong GetRegister(ulong id)
    {
        ulong value = 0;
        var reg = new KvmOneReg { Id = id, Address = (nint)(&value) };
        Call(KvmIoctl.GetOneReg, ref reg);
        return value;
    }

    /// <summary>KVM_SET_ONE_REG.</summary>
    public void SetRegister(ulong id, ulong value)
    {
        var reg = new KvmOneReg { Id = id, Address = (nint)(&value) };
        Call(KvmIoctl.SetOneReg, ref reg);
    }
}
