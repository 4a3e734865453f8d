using System.Diagnostics;
using System.Runtime.ExceptionServices;
using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// The user-space half of a virtual machine: builds it through the ioctls, serves its exits with the board's devices,
/// and runs a thread for each vCPU. It runs once; after a reset a new one is made.
/// </summary>
public sealed class VirtualMachine : IMachineControl, IDisposable
{
    private readonly Kvm _kvm;
    private readonly Ioctl.Vm _vm;
    private readonly Vcpu[] _vcpus;
    private readonly GuestRam _ram;
    private readonly AddressErrors _addressErrors;
    private readonly BootRom _rom;
    private readonly MmioBus _mmio;
    private readonly IocsrBus _iocsr;
    private readonly IIrqChip _irqChip;
    private ExceptionDispatchInfo? _failure;
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _end;

    private VirtualMachine(HostProcess process, VmOptions options)
    {
        process.Log = options.GuestErrors;
        _kvm = Kvm.Open(process);
        _vm = _kvm.CreateVm();
        IReadOnlyList<RamRange> ranges = options.Layout.Ram(options.MemoryBytes);
        _ram = new GuestRam(process, _vm, ranges);
        _addressErrors = new AddressErrors(_ram);
        _rom = new BootRom(process, _vm, (uint)ranges.Count);
        _vcpus = new Vcpu[options.Cpus];
        for (int id = 0; id < _vcpus.Length; id++)
        {
            _vcpus[id] = _vm.CreateVcpu(id);
            GuestCpu.Configure(_vcpus[id], id);
        }

        GuestErrorLog log = options.GuestErrors;
        _mmio = new MmioBus(log);
        _iocsr = new IocsrBus(log);
        _irqChip = options.IrqChip == IrqChipPlace.User
            ? new UserIrqChip(options.Layout, _vcpus, _iocsr, log)
            : new KernelIrqChip(options.Layout, process, _vm, _vcpus.Length);
        var chip = new ChipRegisters(NodeCounter, virtualMachine: true, _irqChip.SetChipFunctions);
        _iocsr.Map("chip", 0, ChipRegisters.Size, AccessWidths.All, chip);
        Devices = new BoardDevices(options.Layout, _mmio, new BoardWiring(
            _ram, _irqChip, this, options.Devices, log, () => new EventBell(process, _vm)));
        chip.Reset();
        Devices.Reset();
        Boot(options);
    }

    /// <summary>The board's peripherals.</summary>
    public BoardDevices Devices { get; }

    /// <summary>The guest's memory.</summary>
    public GuestRam Ram => _ram;

    /// <summary>The vCPUs, by number.</summary>
    public IReadOnlyList<Vcpu> Vcpus => _vcpus;

    /// <summary>The VM's descriptor.</summary>
    public Ioctl.Vm Vm => _vm;

    private bool Running => Volatile.Read(ref _end) == 0;

    /// <summary>
    /// Bytes of host RAM that a machine needs for a guest: its memory, page tables, and room to align.
    /// </summary>
    public static ulong HostMemoryFor(VmOptions options)
    {
        const ulong hugePage = 32UL << 20;
        return ((options.MemoryBytes + hugePage - 1) & ~(hugePage - 1)) + (8 * hugePage);
    }

    /// <summary>Builds a machine and loads the kernel.</summary>
    /// <exception cref="ImageException">The kernel does not fit.</exception>
    /// <exception cref="KvmException">The host refuses something.</exception>
    public static VirtualMachine Create(HostProcess process, VmOptions options) => new(process, options);

    /// <summary>Runs until the guest switches the machine off or resets it, or until it is stopped.</summary>
    public VmExit Run(CancellationToken stop)
    {
        using CancellationTokenRegistration registration = stop.Register(() => End(VmExit.Stopped));
        Thread[] others = [.. _vcpus.Skip(1).Select(StartThread)];
        Protect(_vcpus[0], 0);
        foreach (Thread thread in others)
        {
            thread.Join();
        }

        _failure?.Throw();
        return (VmExit)_end;
    }

    /// <inheritdoc/>
    public void PowerOff() => End(VmExit.PowerOff);

    /// <inheritdoc/>
    public void Reboot() => End(VmExit.Reset);

    /// <summary>Ends devices and VM, and gives the memory back.</summary>
    public void Dispose()
    {
        Devices.Dispose();
        foreach (Vcpu vcpu in _vcpus)
        {
            vcpu.Dispose();
        }

        _irqChip.Dispose();
        _vm.Dispose();
        _kvm.Dispose();
        _rom.Dispose();
        _ram.Dispose();
    }

    /// <summary>Ticks of 100 MHz since the machine was made.</summary>
    private ulong NodeCounter() => (ulong)Stopwatch.GetElapsedTime(_start).Ticks * 10;

    private void Boot(VmOptions options)
    {
        var tree = new BoardDeviceTreeOptions
        {
            Cores = options.Cpus,
            RamSize = options.MemoryBytes,
            Devices = options.Devices,
        };
        BootRegisters start = BootLoader.Place(_ram, new BootRequest(options.Kernel)
        {
            Initrd = options.Initrd,
            Files = options.Files,
            CommandLine = options.CommandLine,
            DeviceTree = FdtWriter.Write(BoardDeviceTree.Build(options.Layout, tree)),
            RandomSeed = HostRandom.Bytes(32),
        });
        Span<ulong> gpr = stackalloc ulong[32];
        gpr.Clear();
        foreach (Vcpu vcpu in _vcpus.AsSpan(1))
        {
            vcpu.SetRegisters(gpr, BootRom.Base);
        }

        (gpr[4], gpr[5], gpr[6]) = (start.A0, start.A1, start.A2);
        _vcpus[0].SetRegisters(gpr, start.Pc);
    }

    private Thread StartThread(Vcpu vcpu, int index)
    {
        int core = index + 1;
        var thread = new Thread(() => Protect(vcpu, core)) { Name = $"vCPU {core}", IsBackground = true };
        thread.Start();
        return thread;
    }

    private void RunVcpu(Vcpu vcpu, int core)
    {
        while (Running)
        {
            VcpuExit exit = vcpu.Run();
            switch (exit.Kind)
            {
                case VcpuExitKind.Mmio when !_mmio.Answers(exit.Address, exit.Size):
                    RaiseAddressError(vcpu, exit);
                    break;
                case VcpuExitKind.Mmio when exit.IsWrite:
                    _mmio.Write(exit.Address, exit.Size, exit.Data);
                    break;
                case VcpuExitKind.Mmio:
                    vcpu.SetReadData(_mmio.Read(exit.Address, exit.Size));
                    break;
                case VcpuExitKind.Iocsr when exit.IsWrite:
                    _iocsr.Write(core, (uint)exit.Address, exit.Size, exit.Data);
                    break;
                case VcpuExitKind.Iocsr:
                    vcpu.SetReadData(_iocsr.Read(core, (uint)exit.Address, exit.Size));
                    break;
                case VcpuExitKind.Interrupted:
                    break;
                default:
                    throw new InvalidOperationException($"KVM_RUN of vCPU {core} returned with {exit.Kind}.");
            }
        }
    }

    private void RaiseAddressError(Vcpu vcpu, VcpuExit exit)
    {
        _addressErrors.Raise(vcpu, exit);
        if (!Running)
        {
            vcpu.RequestExit(); // made while the access was completed, and taken back with that
        }
    }

    /// <summary>
    /// An exception on a vCPU's thread is a bug; it ends the machine and surfaces from <see cref="Run"/>.
    /// </summary>
    private void Protect(Vcpu vcpu, int core)
    {
        try
        {
            RunVcpu(vcpu, core);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            End(VmExit.Stopped);
        }
    }

    /// <summary>Stops all vCPUs; the first reason counts.</summary>
    private void End(VmExit end)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, 0) == 0)
        {
            foreach (Vcpu vcpu in _vcpus)
            {
                vcpu.RequestExit();
            }
        }
    }
}
