using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Running;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// A virtual machine whose guest stores to a device for ever, and what can be done to its vCPU between two stores. Used
/// by tests and benchmarks.
/// </summary>
public sealed class VcpuLoop : IDisposable
{
    private const ulong CodeBase = 0x20_0000, SpinBase = 0x30_0000;
    private const int Crmd = 0, Save0 = 0x30;

    private readonly HostMachine _machine;
    private readonly HostProcess _process;
    private readonly KvmVm _core;
    private readonly Vcpu _vcpu;
    private readonly Vcpu _spinner;
    private Thread? _thread;

    /// <summary>Makes the machine and starts the guest.</summary>
    /// <param name="engine">Makes engines.</param>
    /// <param name="usesFpu">Before each store the guest uses the floating-point unit.</param>
    /// <param name="usesTimer">The guest's timer runs.</param>
    public VcpuLoop(Func<Core, IExecutionEngine> engine, bool usesFpu = false, bool usesTimer = false)
    {
        _machine = new HostMachine(2, 128UL << 20, new MonotonicClock(), engine);
        _process = new HostProcess(_machine);
        Ioctl.Vm vm = Kvm.Open(_process).CreateVm();
        UserMemory ram = UserMemory.Map(_process, 32UL << 20);
        vm.SetMemoryRegion(0, 0, ram);
        string program = "li.d $t0, 0x1fe00000\nori $t1, $zero, 7\ncsrwr $t1, 0x2\n" // EUEN
            + (usesTimer ? "li.d $t1, 0x7ffffffffffd\ncsrwr $t1, 0x41\n" : "") // TCFG: one-shot, in days
            + $"1: {(usesFpu ? "fadd.d $f0, $f0, $f0\n" : "")}st.w $zero, $t0, 0\nb 1b\n";
        ram.Write(CodeBase, Assembler.Assemble(program, CodeBase).BytesOrThrow());
        ram.Write(SpinBase, Assembler.Assemble("1: ld.d $t1, $t0, 0\nb 1b\n", SpinBase).BytesOrThrow());
        _vcpu = GuestVcpu.Create(vm, 0, CodeBase);
        _spinner = GuestVcpu.Create(vm, 1, SpinBase);
        _core = ((VmDescriptor)_process.Find(vm.Fd)!).Vm;
        Run();
    }

    /// <summary>One store: enters the guest and comes back.</summary>
    public void Run() => _vcpu.Run();

    /// <summary>
    /// Puts the vCPU, by looking at a register that only the core has; the next run loads it again, timer and, if used,
    /// floating-point registers included.
    /// </summary>
    public void PutAndRun()
    {
        _vcpu.GetCsr(Crmd);
        _vcpu.Run();
    }

    /// <summary>KVM_GET_ONE_REG.</summary>
    public ulong GetOneReg() => _vcpu.GetCsr(Save0);

    /// <summary>KVM_SET_ONE_REG.</summary>
    public void SetOneReg() => _vcpu.SetCsr(Save0, 1);

    /// <summary>Flushes all vCPUs' TLBs and waits until none uses an old translation.</summary>
    public void FlushRemoteTlbs() => _core.FlushRemoteTlbs();

    /// <summary>Lets another vCPU run, on a thread of its own.</summary>
    public void StartSpinner()
    {
        _thread = new Thread(() =>
        {
            while (_spinner.Run().Kind != VcpuExitKind.Interrupted)
            {
            }
        }) { IsBackground = true };
        _thread.Start();
        SpinWait.SpinUntil(() => _core.VcpuById(1)!.IsInGuest);
    }

    /// <summary>Ends everything.</summary>
    public void Dispose()
    {
        _spinner.RequestExit();
        _thread?.Join();
        _process.Dispose();
        _machine.Dispose();
    }
}
