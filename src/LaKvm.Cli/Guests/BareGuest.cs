using LaKvm.Boot;
using LaKvm.Debugger;
using LaKvm.Debugger.Logging;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Machine;
using LaKvm.Running;

namespace LaKvm.Cli;

/// <summary><c>lakvm host</c>: the guest is the kernel on the bare emulated machine.</summary>
internal sealed class BareGuest : IGuest
{
    private readonly GuestDevices _devices;
    private readonly BareMachine _machine;
    private readonly BootRegisters _start;
    private readonly IDisposable _observation;
    private readonly ISymbols? _symbols;
    private readonly EventLog? _log;

    private BareGuest(
        GuestOptions options, BootFiles files, GuestDevices devices, GuestObservers observers, GuestErrorLog errors,
        CancellationToken stop)
    {
        _devices = devices;
        BoardChoice board = BoardChoice.For(options, files.Kernel);
        var machineOptions = new BoardMachineOptions
        {
            Cores = options.Cpus,
            RamSize = options.Memory,
            Devices = files.Attach(devices.Create(board.Virtio, stop)),
            GuestErrors = errors,
        };
        MachineSources sources = HostSources.Create();
        errors.Symbols = _symbols = files.Kernel?.Symbols;
        _log = observers.Log;
        _machine = new BareMachine(machineOptions, sources, observers.Watch(options.CreateEngine, _symbols));
        _observation = observers.Attach(_machine.Cores);
        _start = Load(_machine, board, files, machineOptions, sources.Seed());
        devices.Attach(_machine.Board.Devices.Uarts[0]);
    }

    /// <summary>Builds the machine and loads the kernel.</summary>
    internal static IGuest Create(
        GuestOptions options, BootFiles files, GuestDevices devices, GuestObservers observers, GuestErrorLog errors,
        CancellationToken stop) =>
        new BareGuest(options, files, devices, observers, errors, stop);

    /// <inheritdoc/>
    public int ExitCode => _machine.Board.Devices.ExitCode;

    /// <inheritdoc/>
    public IMachineLife Life => _machine.Life;

    /// <inheritdoc/>
    public bool PressPowerButton() => DebugView.Board!.PressPowerButton();

    /// <inheritdoc/>
    public IDebugMachine DebugView => field ??= new CoreMachine(_machine.Cores, _machine.Life, _symbols)
    {
        Log = _log,
        Board = new GuestBoard(_devices.Describe(isVirtual: false), _machine.Board.Devices.PressPowerButton),
        Dumps = new MachineDumps
        {
            MemoryMap = _machine.Board.DescribeMemory,
            Interrupts = () => _machine.Board.Interrupts.Describe(_machine.Cores.Count),
        },
    };

    /// <inheritdoc/>
    public MachineEnd Run(CancellationToken stop) => _machine.Run(_start, stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        _devices.Detach();
        _observation.Dispose();
        _machine.Dispose();
    }

    private static BootRegisters Load(
        BareMachine bare, BoardChoice board, BootFiles files, BoardMachineOptions machine, byte[] seed)
    {
        var ram = new PhysicalMemoryRam(bare.Board.Memory);
        var tree = new BoardDeviceTreeOptions
        {
            Cores = machine.Cores,
            RamSize = machine.RamSize,
            Devices = machine.Devices,
        };
        byte[] deviceTree = FdtWriter.Write(BoardDeviceTree.Build(machine.Layout, tree));
        return files.Kernel == null
            ? FirmwareBoot.Place(ram, machine.Layout, deviceTree)
            : BootLoader.Place(ram, new BootRequest(files.Kernel)
            {
                Initrd = files.Initrd,
                Files = files.Others,
                CommandLine = board.CommandLine,
                Acpi = board.Acpi ? BoardAcpi.Build(machine.Layout, tree) : null,
                DeviceTree = deviceTree,
                RandomSeed = seed,
            });
    }
}
