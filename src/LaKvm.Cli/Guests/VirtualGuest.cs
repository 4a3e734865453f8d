using LaKvm.Debugger;
using LaKvm.Debugger.Logging;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Running;
using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary><c>lakvm run</c>: the guest is a virtual machine of LaKvm's hypervisor, built through its ioctls.</summary>
internal sealed class VirtualGuest : IGuest
{
    private readonly GuestDevices _devices;
    private readonly HostMachine _host;
    private readonly VirtualMachine _machine;
    private readonly IDisposable _observation;
    private readonly ISymbols? _symbols;
    private readonly EventLog? _log;

    private VirtualGuest(
        GuestOptions options, BootFiles files, GuestDevices devices, GuestObservers observers, GuestErrorLog errors,
        CancellationToken stop)
    {
        _devices = devices;
        MachineSources sources = HostSources.Create();
        BoardChoice board = BoardChoice.For(options, files.Kernel);
        var vmOptions = new VmOptions
        {
            Cpus = options.Cpus,
            MemoryBytes = options.Memory,
            Kernel = files.Kernel,
            Initrd = files.Initrd,
            Files = files.Others,
            CommandLine = board.CommandLine,
            Devices = files.Attach(devices.Create(board.Virtio, stop)),
            Acpi = board.Acpi,
            IrqChip = options.IrqChip,
            Sources = sources,
            GuestErrors = errors,
        };
        errors.Symbols = _symbols = files.Kernel?.Symbols;
        ulong hostMemory = VirtualMachine.HostMemoryFor(vmOptions);
        _log = observers.Log;
        _host = new HostMachine(
            options.Cpus, hostMemory, sources.Clock, observers.Watch(options.CreateEngine, _symbols))
        {
            Errors = errors,
        };
        var process = new HostProcess(_host);
        _machine = VirtualMachine.Create(process, vmOptions);
        _observation = observers.Attach(process, _machine, files.Kernel?.Symbols);
        devices.Attach(_machine.Devices.Uarts[0]);
    }

    /// <summary>Builds the host with its hypervisor and the virtual machine, and loads the kernel.</summary>
    internal static IGuest Create(
        GuestOptions options, BootFiles files, GuestDevices devices, GuestObservers observers, GuestErrorLog errors,
        CancellationToken stop) =>
        new VirtualGuest(options, files, devices, observers, errors, stop);

    /// <inheritdoc/>
    public int ExitCode => _machine.Devices.ExitCode;

    /// <inheritdoc/>
    public IMachineLife Life => _machine.Life;

    /// <inheritdoc/>
    public bool PressPowerButton() => DebugView.Board!.PressPowerButton();

    /// <inheritdoc/>
    public IDebugMachine DebugView => field ??= new VcpuMachine(_host, _machine, _symbols)
    {
        Log = _log,
        Board = new GuestBoard(_devices.Describe(isVirtual: true), _machine.Devices.PressPowerButton),
    };

    /// <inheritdoc/>
    public MachineEnd Run(CancellationToken stop) => _machine.Run(stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        _devices.Detach();
        _observation.Dispose();
        _machine.Dispose();
        _host.Dispose();
    }
}
