using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Running;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the guest of an <see cref="ExitLoop"/> leaves guest mode for.</summary>
public enum LoopExit
{
    /// <summary>cpucfg.</summary>
    Cpucfg,

    /// <summary>csrrd of a CSR that the hypervisor keeps.</summary>
    Csr,

    /// <summary>A register of the IPI controller in the hypervisor.</summary>
    IocsrInCore,

    /// <summary>An IOCSR that user space answers.</summary>
    IocsrToUser,

    /// <summary>A register of the PCH-PIC in the hypervisor.</summary>
    MmioInCore,

    /// <summary>A device of user space.</summary>
    MmioToUser,

    /// <summary>idle with an enabled interrupt pending, which does not wait.</summary>
    IdlePending,

    /// <summary>A hypercall that fails.</summary>
    Hypercall,

    /// <summary>A hypercall that interrupts the vCPU itself.</summary>
    PvIpi,
}

/// <summary>
/// A virtual machine with the in-kernel interrupt controllers, whose guest does nothing but one kind of exit. Used by
/// tests and benchmarks.
/// </summary>
public sealed class ExitLoop : IDisposable
{
    /// <summary>Exits of one <see cref="Run"/>.</summary>
    public const int ExitsPerRun = 1000;

    private const ulong CodeBase = 0x20_0000;
    private const uint TypeIpi = 12, TypeEiointc = 13, TypePchPic = 14, PchPicControl = 0x4000_0006;
    private const ulong PchPicBaseAddress = 0x1000_0000;

    private readonly HostMachine _machine;
    private readonly HostProcess _process;
    private readonly Vcpu _vcpu;
    private readonly bool _toUser;

    /// <summary>Makes the machine and starts the guest.</summary>
    public ExitLoop(LoopExit exit, Func<Core, IExecutionEngine> engine)
    {
        _toUser = exit is LoopExit.IocsrToUser or LoopExit.MmioToUser;
        _machine = new HostMachine(2, 128UL << 20, new MonotonicClock(), engine);
        _process = new HostProcess(_machine);
        Ioctl.Vm vm = Kvm.Open(_process).CreateVm();
        UserMemory ram = UserMemory.Map(_process, 32UL << 20);
        vm.SetMemoryRegion(0, 0, ram);
        _vcpu = GuestVcpu.Create(vm, 0, CodeBase);
        vm.CreateDevice(TypeIpi);
        vm.CreateDevice(TypeEiointc);
        vm.CreateDevice(TypePchPic).SetAttribute(PchPicControl, 0, PchPicBaseAddress);
        ram.Write(CodeBase, Assembler.Assemble(Program(exit), CodeBase).BytesOrThrow());
        Run();
    }

    /// <summary>Lets the guest exit <see cref="ExitsPerRun"/> times.</summary>
    public void Run()
    {
        for (int left = _toUser ? ExitsPerRun : 1; left > 0; left--)
        {
            VcpuExit exit = _vcpu.Run();
            if (!exit.IsWrite)
            {
                _vcpu.SetReadData((ulong)left);
            }
        }
    }

    /// <summary>Ends everything.</summary>
    public void Dispose()
    {
        _process.Dispose();
        _machine.Dispose();
    }

    /// <summary>What user space sees is the loop's turn; else a store there ends a run.</summary>
    private string Program(LoopExit exit)
    {
        string setUp = "li.d $t0, 0x1fe00000\nori $a1, $zero, 1\n";
        string once;
        switch (exit)
        {
            case LoopExit.Cpucfg:
                once = "cpucfg $t1, $zero";
                break;
            case LoopExit.Csr:
                once = "csrrd $t1, 0x80";
                break;
            case LoopExit.IocsrInCore:
                setUp += "lu12i.w $t2, 1\n";
                once = "iocsrrd.w $t1, $t2";
                break;
            case LoopExit.IocsrToUser:
                setUp += "ori $t2, $zero, 0x420\n";
                once = "iocsrrd.w $t1, $t2";
                break;
            case LoopExit.MmioInCore:
                setUp += "lu12i.w $t2, 0x10000\n";
                once = "ld.w $t1, $t2, 0";
                break;
            case LoopExit.MmioToUser:
                once = "ld.w $t1, $t0, 0";
                break;
            case LoopExit.IdlePending:
                setUp += "ori $t1, $zero, 1\ncsrwr $t1, 0x5\nori $t1, $zero, 1\ncsrwr $t1, 0x4\n"; // SWI0, enabled
                once = "idle 0";
                break;
            case LoopExit.Hypercall:
                once = "hvcl 0x100";
                break;
            default:
                once = "ori $a0, $zero, 1\nhvcl 0x100";
                break;
        }

        return _toUser
            ? $"{setUp}1: {once}\nb 1b\n"
            : $"{setUp}1: ori $t3, $zero, {ExitsPerRun}\n2: {once}\naddi.d $t3, $t3, -1\nbnez $t3, 2b\n"
                + "st.w $zero, $t0, 0\nb 1b\n";
    }
}
