using System.Diagnostics;
using System.Runtime.InteropServices;
using LaKvm.Running;
using LaKvm.Translator;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>
/// A guest from power-on to its end, through all resets, on a thread of its own. It starts at once: the first guest
/// instruction does not wait for the host, which is built meanwhile.
/// </summary>
internal sealed class GuestRun : IDisposable
{
    /// <summary>How long a guest that is to stop may take.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromSeconds(2);

    private readonly GuestOptions _options;
    private readonly GuestTerminal _terminal;
    private readonly Func<CancellationToken, IGuest> _build;
    private readonly GuestDoors _doors;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly ProgramStreams? _streams;
    private readonly Timer? _timeout;
    private readonly PowerButton _button = new();
    private readonly Timer _reminder;
    private long _shutdownEnd;
    private volatile int _stopCode = ExitCode.Success;
    private volatile bool _ended;

    /// <summary>Starts the run.</summary>
    /// <param name="options">What the user wants.</param>
    /// <param name="terminal">The guest's console; the user may leave there.</param>
    /// <param name="streams">What a program in the guest is connected to, if there is one.</param>
    /// <param name="build">Builds a machine that is ready to run: at the beginning and after each reset.</param>
    /// <param name="doors">What shows its machines to others.</param>
    /// <param name="log">Where the run is reported.</param>
    internal GuestRun(GuestOptions options, GuestTerminal terminal, ProgramStreams? streams,
        Func<CancellationToken, IGuest> build, GuestDoors doors, ILogger log)
    {
        (_options, _terminal, _streams, _build) = (options, terminal, streams, build);
        (_doors, _log) = (doors, log);
        _reminder = new Timer(_ => RemindToShutDown());
        terminal.Left += Leave;
        terminal.PressPowerButton = PressPowerButton;
        terminal.Broken += Stop;
        terminal.Start();
        if (streams != null)
        {
            streams.Broken += () => End(streams.ExitCode);
            streams.Start();
        }

        _timeout = options.Timeout is { } seconds
            ? new Timer(_ => End(ExitCode.Timeout), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan)
            : null;
        Completion = Task.Factory.StartNew(
            Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The process's exit code, once the guest has ended; fails with what went wrong.</summary>
    internal Task<int> Completion { get; }

    /// <summary>Ends the run, if it has not ended yet; what the console has not shown may be lost.</summary>
    internal void Stop()
    {
        if (!_ended)
        {
            _terminal.Abandon();
            _stop.Cancel();
        }
    }

    /// <summary>Asks the guest to shut down, which then has the time that the options give it.</summary>
    /// <returns>False if it cannot be asked, or has been before.</returns>
    internal bool AskToShutDown()
    {
        if (_options.ShutdownTime == 0 || _button.Press() != PowerPress.Heard)
        {
            return false;
        }

        _log.LogInformation("The guest is asked to shut down");
        _shutdownEnd = Environment.TickCount64 + (_options.ShutdownTime * 1000L);
        _reminder.Change(ReminderPeriod, ReminderPeriod);
        return true;
    }

    private void RemindToShutDown()
    {
        if (Environment.TickCount64 >= _shutdownEnd)
        {
            End(ExitCode.OfSignal(PosixSignal.SIGTERM));
        }
        else
        {
            _button.PressAgain();
        }
    }

    private PowerPress PressPowerButton()
    {
        PowerPress press = _button.Press();
        if (press == PowerPress.Repeated)
        {
            Leave();
        }

        return press;
    }

    /// <summary>Ends the run for a reason that the exit code tells.</summary>
    private void End(int exitCode)
    {
        _stopCode = exitCode;
        LastResort.Arm(exitCode);
        Stop();
    }

    /// <summary>The user wants to leave, even if what the guest has sent is still being shown.</summary>
    private void Leave()
    {
        LastResort.Arm(ExitCode.Success);
        _terminal.Abandon();
        _stop.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timeout?.Dispose();
        _reminder.Dispose();
        Stop();
        Task.WhenAny(Completion).Wait(Patience);
    }

    private int Run()
    {
        try
        {
            Sandbox.Enter(_options, _log);
            int exitCode = RunToEnd();
            _doors.Finish(exitCode);
            return exitCode;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return _stopCode;
        }
        finally
        {
            _ended = true;
        }
    }

    private int RunToEnd()
    {
        while (true)
        {
            using IGuest guest = _build(_stop.Token);
            LogStart();
            MachineEnd end = RunMachine(guest);
            if (_log.IsEnabled(LogLevel.Information))
            {
                _log.LogInformation("The guest's run ended: {End}", end);
            }

            if (end != MachineEnd.Reset)
            {
                return end == MachineEnd.PowerOff ? guest.ExitCode : _stopCode;
            }

            if (_options.NoReboot)
            {
                return ExitCode.GuestReset;
            }
        }
    }

    private MachineEnd RunMachine(IGuest guest)
    {
        _doors.Attach(guest);
        _button.Attach(guest);
        MachineEnd end = MachineEnd.Stopped;
        try
        {
            return end = guest.Run(_stop.Token);
        }
        finally
        {
            _button.Attach(null);
            _doors.Detach(end, isLast: end != MachineEnd.Reset || _options.NoReboot);
        }
    }

    private void LogStart()
    {
        if (!TranslatorEngine.IsSupported)
        {
            _log.LogWarning(
                "There is no translator for this computer's processor; the interpreter is several times slower");
        }

        if (_log.IsEnabled(LogLevel.Debug))
        {
            TimeSpan age = DateTime.Now - Process.GetCurrentProcess().StartTime;
            _log.LogDebug("First guest instruction {Milliseconds:0} ms after the process started",
                age.TotalMilliseconds);
        }
    }
}
