using LaKvm.Control;
using LaKvm.Debugger;
using LaKvm.Running;
using LaKvm.Web;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>
/// All ways in which a run's machines, one after another, are looked at and commanded from outside: debuggers, the
/// monitor, QMP, HTTP. Where nobody asks for one, none of it is made.
/// </summary>
internal sealed class GuestDoors : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Door> _doors = [];
    private readonly List<IDisposable> _servers = [];
    private ConsoleHub? _console;
    private GdbServer? _gdb;
    private MachineDesk? _desk;
    private IGuest? _guest;
    private bool _waits;
    private bool _isStarted;

    private GuestDoors(bool waits) => _waits = waits;

    /// <summary>Where the monitor, QMP and others meet; made when the first one comes.</summary>
    internal MachineDesk Desk
    {
        get
        {
            lock (_lock)
            {
                if (_desk == null)
                {
                    _desk = new MachineDesk();
                    if (_guest != null)
                    {
                        _desk.Adopt(_guest.DebugView);
                    }
                }

                return _desk;
            }
        }
    }

    /// <summary>Begins to listen for those that the user wants.</summary>
    /// <exception cref="UserErrorException">Nobody can listen there.</exception>
    internal static GuestDoors Open(
        DoorOptions options, GuestTerminal terminal, GuestObservers observers, ILogger log)
    {
        var doors = new GuestDoors(options.Waits);
        try
        {
            doors.Listen(options, log);
            doors.Serve(options, terminal, observers);
            return doors;
        }
        catch
        {
            doors.Dispose();
            throw;
        }
    }

    /// <summary>The guest's terminal: for those who come by HTTP too, if they may come.</summary>
    internal ITerminal Tap(ITerminal terminal) =>
        _console == null ? terminal : new TappedTerminal(terminal, _console);

    /// <summary>A machine is there, which does not run yet.</summary>
    internal void Attach(IGuest guest)
    {
        lock (_lock)
        {
            _guest = guest;
            _desk?.Adopt(guest.DebugView);
        }

        _gdb?.Adopt(guest.DebugView);
        if (_waits)
        {
            guest.Life.Pause();
            _waits = false;
        }

        if (!_isStarted)
        {
            _gdb?.Start();
            _doors.ForEach(door => door.Start());
            _isStarted = true;
        }
    }

    /// <summary>The machine has ended.</summary>
    /// <param name="end">How.</param>
    /// <param name="isLast">Whether there will be no other one.</param>
    internal void Detach(MachineEnd end, bool isLast)
    {
        _gdb?.Adopt(null);
        lock (_lock)
        {
            _guest = null;
            _desk?.Dismiss(end, isLast);
        }
    }

    /// <summary>There will be no other machine.</summary>
    internal void Finish(int exitCode) => _gdb?.Finish(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gdb?.Dispose();
        _doors.ForEach(door => door.Dispose());
        _servers.ForEach(server => server.Dispose());
    }

    private void Listen(DoorOptions options, ILogger log)
    {
        if (options.Gdb is { } gdb)
        {
            _gdb = new GdbServer(gdb.Listen());
            Tell(log, "Debuggers", gdb);
        }

        if (options.Monitor is { } monitor)
        {
            _doors.Add(new MonitorDoor(Desk, monitor.Listen()));
            Tell(log, "Monitors", monitor);
        }

        if (options.Qmp is { } qmp)
        {
            _doors.Add(new QmpDoor(Desk, qmp.Listen()));
            Tell(log, "QMP clients", qmp);
        }
    }

    private void Serve(DoorOptions options, GuestTerminal terminal, GuestObservers observers)
    {
        if ((options.Api ?? options.Web) == null)
        {
            return;
        }

        _console = new ConsoleHub(bytes =>
            terminal.Port is { SoftwareListens: true } port ? port.Receive(bytes) : 0);
        var machine = new WebMachine(Desk, _console, observers.Sampler);
        if (options.Api is { } api)
        {
            _servers.Add(HttpDoor.Open(api, machine, hasPage: false));
        }

        if (options.Web is { } web)
        {
            _servers.Add(HttpDoor.Open(web, machine, hasPage: true));
        }
    }

    private static void Tell(ILogger log, string who, DoorAddress door)
    {
        if (log.IsEnabled(LogLevel.Information))
        {
            log.LogInformation("{Who} are listened for on {Address}", who, door.At);
        }
    }
}
