using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Ioctl;
using LaKvm.Running;

namespace LaKvm.Vmm;

/// <summary>
/// The user-space half of a virtual machine: builds it through the ioctls, and serves its exits with the board's
/// devices.
/// </summary>
public sealed class VirtualMachine : IDisposable
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
    private readonly MachineLife _life = new();
    private readonly MachineSources _sources;

    private VirtualMachine(HostProcess process, VmOptions options)
    {
        process.Log = options.GuestErrors;
        _sources = options.Sources;
        _kvm = Kvm.Open(process);
        _vm = _kvm.CreateVm();
        IReadOnlyList<RamRange> ranges = options.Layout.Ram(options.MemoryBytes);
        _ram = new GuestRam(process, _vm, ranges);
        _addressErrors = new AddressErrors(_ram);
        _rom = new BootRom(process, _vm, (uint)ranges.Count, options.Devices.Firmware);
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
        var chip = new ChipRegisters(() => _sources.Ticks, virtualMachine: true, _irqChip.SetChipFunctions);
        _iocsr.Map("chip", 0, ChipRegisters.Size, AccessWidths.All, chip);
        Devices = new BoardDevices(options.Layout, _mmio, new BoardWiring(
            _ram, _irqChip, _life, options.Devices, _sources.Calendar, log, () => new EventBell(process, _vm)));
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

    /// <summary>
    /// What may be asked of the machine. While it is paused, vCPUs, RAM and devices may be looked at and changed.
    /// </summary>
    public IMachineLife Life => _life;

    /// <summary>Where RAM and devices are, a line each.</summary>
    public IEnumerable<string> DescribeMemory() => MemoryMapDump.Describe(_ram.Ranges, _mmio);

    /// <summary>The interrupt controllers' state, in lines; while the machine is paused.</summary>
    public IEnumerable<string> DescribeInterrupts() => _irqChip.Describe();

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
    public MachineEnd Run(CancellationToken stop) => _life.Run([.. _vcpus.Select(MakeCpu)], Pausable(), stop);

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

    private VirtualCpu MakeCpu(Vcpu vcpu, int id) => new(vcpu, id, _mmio, _iocsr, _addressErrors);

    /// <summary>The clock stands still before the devices do, and as long as they do.</summary>
    private IReadOnlyList<IPausable> Pausable() => [.. _sources.Pausable, .. Devices.Pausable];

    private void Boot(VmOptions options)
    {
        var tree = new BoardDeviceTreeOptions
        {
            Cores = options.Cpus,
            RamSize = options.MemoryBytes,
            Devices = options.Devices,
        };
        byte[] deviceTree = FdtWriter.Write(BoardDeviceTree.Build(options.Layout, tree));
        BootRegisters start = options.Devices.Firmware != null
            ? FirmwareBoot.Place(_ram, options.Layout, deviceTree)
            : BootLoader.Place(_ram, new BootRequest(options.Kernel!)
            {
                Initrd = options.Initrd,
                Files = options.Files,
                CommandLine = options.CommandLine,
                Acpi = options.Acpi ? BoardAcpi.Build(options.Layout, tree) : null,
                DeviceTree = deviceTree,
                RandomSeed = _sources.Seed(),
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
}
