using System.Diagnostics;
using System.Security.Cryptography;
using LaKvm.Interpreter;
using LaKvm.Machine;
using LaKvm.Machine.Loading;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary><c>lakvm host</c>: the guest is the kernel on the bare emulated machine.</summary>
internal sealed class BareGuest : IGuest
{
    private readonly BareMachine _machine;
    private readonly BootRegisters _start;
    private readonly ITerminal _terminal;
    private readonly ILogger _log;

    private BareGuest(GuestOptions options, ITerminal terminal, ILoggerFactory loggers)
    {
        _terminal = terminal;
        _log = loggers.CreateLogger<BareGuest>();
        var machineOptions = new VirtMachineOptions
        {
            Cores = options.Cpus,
            RamSize = options.Memory,
            Devices = new BoardDeviceOptions { Serial = [terminal] },
            GuestErrors = message => _log.LogWarning("{Message}", message),
        };
        _machine = new BareMachine(machineOptions, new MonotonicClock(), core => new InterpreterEngine(core));
        _start = BootLoader.Place(new PhysicalMemoryRam(_machine.Board.Memory), CreateRequest(options));
        terminal.Input = _machine.Board.Devices.Uarts[0].Receive;
    }

    /// <summary>Builds the machine and loads the kernel.</summary>
    internal static IGuest Create(GuestOptions options, ITerminal terminal, ILoggerFactory loggers) =>
        new BareGuest(options, terminal, loggers);

    /// <inheritdoc/>
    public GuestEnd Run(CancellationToken stop)
    {
        if (_log.IsEnabled(LogLevel.Debug))
        {
            TimeSpan age = DateTime.Now - Process.GetCurrentProcess().StartTime;
            _log.LogDebug("First guest instruction {Milliseconds:0} ms after the process started", age.TotalMilliseconds);
        }

        return _machine.Run(_start, stop) switch
        {
            MachineEnd.PowerOff => GuestEnd.PowerOff,
            MachineEnd.Reset => GuestEnd.Reset,
            _ => GuestEnd.Stopped,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminal.Input = null;
        _machine.Dispose();
    }

    private static BootRequest CreateRequest(GuestOptions options)
    {
        var tree = new BoardDeviceTreeOptions { Cores = options.Cpus, RamSize = options.Memory };
        return new BootRequest(KernelImage.Load(options.Kernel!))
        {
            Initrd = options.Initrd == null ? null : InitrdImage.Load(options.Initrd),
            CommandLine = options.Append,
            DeviceTree = FdtWriter.Write(BoardDeviceTree.Build(tree)),
            RandomSeed = RandomNumberGenerator.GetBytes(32),
        };
    }
}
