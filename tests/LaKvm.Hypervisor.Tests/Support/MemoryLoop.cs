using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Running;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the guest of a <see cref="MemoryLoop"/> faults for.</summary>
public enum LoopFault
{
    /// <summary>A page that the host has not given to the guest yet.</summary>
    FreshPage,

    /// <summary>A page that is there, but whose next write the dirty log wants to know of.</summary>
    DirtyLog,

    /// <summary>A page of 32 MiB.</summary>
    HugePage,
}

/// <summary>A virtual machine whose guest writes to every page of a slot once. Used by tests and benchmarks.</summary>
public sealed class MemoryLoop : IDisposable
{
    private const ulong CodeBase = 0x20_0000, SlotBase = 0x1_0000_0000, HugePage = 32UL << 20;
    private const uint Slot = 1, LogDirty = 1;

    private readonly HostMachine _machine;
    private readonly HostProcess _process;
    private readonly Ioctl.Vm _vm;
    private readonly Vcpu _vcpu;
    private readonly UserMemory _memory;
    private readonly LoopFault _fault;

    /// <summary>Makes the machine and starts the guest.</summary>
    public MemoryLoop(LoopFault fault, Func<Core, IExecutionEngine> engine)
    {
        _fault = fault;
        _machine = new HostMachine(1, 1UL << 30, new MonotonicClock(), engine);
        _process = new HostProcess(_machine);
        _vm = Kvm.Open(_process).CreateVm();
        UserMemory code = UserMemory.Map(_process, 32UL << 20);
        _vm.SetMemoryRegion(0, 0, code);
        ulong page = fault == LoopFault.HugePage ? HugePage : _machine.Pages.PageSize;
        _memory = UserMemory.Map(_process, (ulong)FaultsPerRun(fault) * page, linear: fault != LoopFault.FreshPage);
        AddSlot();
        _vcpu = GuestVcpu.Create(_vm, 0, CodeBase);
        string program = $"""
            li.d $t0, 0x1fe00000
            li.d $t2, {page}
            1: li.d $t1, {SlotBase}
            ori $t3, $zero, {FaultsPerRun(fault)}
            2: st.d $t3, $t1, 0
            add.d $t1, $t1, $t2
            addi.d $t3, $t3, -1
            bnez $t3, 2b
            st.w $zero, $t0, 0
            b 1b

            """;
        code.Write(CodeBase, Assembler.Assemble(program, CodeBase).BytesOrThrow());
        Run();
    }

    /// <summary>Faults of one <see cref="Run"/>.</summary>
    public static int FaultsPerRun(LoopFault fault) => fault == LoopFault.HugePage ? 16 : 512;

    /// <summary>Takes away what the last run has got: to be called before each run but the first.</summary>
    public void Prepare()
    {
        switch (_fault)
        {
            case LoopFault.FreshPage:
                _process.AddressSpace.Discard(_memory.Address, _memory.Size);
                break;
            case LoopFault.DirtyLog:
                _vm.GetDirtyLog(Slot, (ulong)FaultsPerRun(_fault));
                break;
            default:
                _vm.DeleteMemoryRegion(Slot);
                AddSlot();
                break;
        }
    }

    /// <summary>Lets the guest write to every page.</summary>
    public void Run() => _vcpu.Run();

    /// <summary>Ends everything.</summary>
    public void Dispose()
    {
        _process.Dispose();
        _machine.Dispose();
    }

    private void AddSlot() =>
        _vm.SetMemoryRegion(Slot, SlotBase, _memory, _fault == LoopFault.DirtyLog ? LogDirty : 0);
}
