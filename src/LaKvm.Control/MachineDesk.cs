using LaKvm.Debugger;
using LaKvm.Debugger.Monitor;
using LaKvm.Running;

namespace LaKvm.Control;

/// <summary>
/// Where all doors of a run come together: the machine that is there now, one after another through all resets, the
/// commands for it, and what happens to it. Any thread; what has to wait for the machine waits on the caller's.
/// </summary>
public sealed class MachineDesk
{
    /// <summary>How long a reset may take until the new machine is there.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly object _lock = new();
    private readonly MonitorCommands _commands = new();
    private IDebugMachine? _machine;
    private volatile bool _isPaused;
    private bool _isOver;

    /// <summary>
    /// Tells what happens, in order, on a thread that must not be held up: a handler returns at once.
    /// </summary>
    public event Action<MachineEvent>? Happened;

    /// <summary>All commands, by name.</summary>
    public IEnumerable<CommandDescription> Commands => _commands.All;

    /// <summary>The machine; waits for it while one is being made. Null when the run is over.</summary>
    public IDebugMachine? Machine
    {
        get
        {
            lock (_lock)
            {
                DateTime end = DateTime.UtcNow + _patience;
                while (_machine == null && !_isOver && DateTime.UtcNow < end)
                {
                    Monitor.Wait(_lock, _patience);
                }

                return _machine;
            }
        }
    }

    /// <summary>
    /// Executes a command's line, which may be anything. A machine that runs is paused for as long as the command looks
    /// at what must rest for it.
    /// </summary>
    /// <param name="line">The line.</param>
    /// <param name="cpu">The core that it is about.</param>
    public CommandResult Execute(string line, int cpu = 0) => Machine is { } machine
        ? _commands.Execute(machine, cpu, line)
        : new CommandResult("There is no machine any more.\n") { IsFailure = true };

    /// <summary>
    /// A machine is there, which does not run yet. If the one before it was paused, so is this one.
    /// </summary>
    /// <param name="machine">The machine.</param>
    /// <param name="paused">Whether it waits for a command to go on in any case.</param>
    public void Adopt(IDebugMachine machine, bool paused = false)
    {
        if (_isPaused || paused)
        {
            machine.Life.Pause();
        }

        machine.Life.Changed += OnChanged;
        if (machine.Board != null)
        {
            machine.Board.PowerButtonPressed += OnPowerButton;
        }

        lock (_lock)
        {
            _machine = machine;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The machine has ended.</summary>
    /// <param name="end">How.</param>
    /// <param name="isLast">Whether there will be no other one.</param>
    public void Dismiss(MachineEnd end, bool isLast)
    {
        bool byGuest;
        lock (_lock)
        {
            byGuest = _machine is { Life.EndedInside: true };
            (_machine, _isOver) = (null, isLast);
            Monitor.PulseAll(_lock);
        }

        Happened?.Invoke((isLast, byGuest) switch
        {
            (false, true) => MachineEvent.Of("RESET", true, "guest-reset"),
            (false, false) => MachineEvent.Of("RESET", false, "host-qmp-system-reset"),
            (true, true) when end == MachineEnd.Reset => MachineEvent.Of("SHUTDOWN", true, "guest-reset"),
            (true, true) => MachineEvent.Of("SHUTDOWN", true, "guest-shutdown"),
            (true, false) => MachineEvent.Of("SHUTDOWN", false, "host-qmp-quit"),
        });
    }

    private void OnChanged(MachineState state)
    {
        if (state == MachineState.Paused)
        {
            _isPaused = true;
            Happened?.Invoke(new MachineEvent("STOP", null));
        }
        else if (state == MachineState.Running && _isPaused)
        {
            _isPaused = false;
            Happened?.Invoke(new MachineEvent("RESUME", null));
        }
    }

    private void OnPowerButton() => Happened?.Invoke(new MachineEvent("POWERDOWN", null));
}
