using System.Runtime.InteropServices;
using LaKvm.Linux;

namespace LaKvm.Cli;

/// <summary>
/// Keeps the terminal on stdin in raw mode, so that every key (Ctrl-C as well) reaches the guest, and gives it back as
/// it was on every way out: dispose, exit, unhandled exception, and while the process is stopped.
/// </summary>
internal sealed class RawMode : IDisposable
{
    private readonly Termios _original;
    private readonly Termios _raw;
    private readonly PosixSignalRegistration[] _signals;
    private readonly Lock _gate = new();
    private bool _disposed;

    private RawMode(Termios original)
    {
        _original = original;
        _raw = original;
        TerminalCalls.MakeRaw(ref _raw);
        _raw.OutputFlags |= original.OutputFlags & TerminalCalls.PostProcessOutput;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        AppDomain.CurrentDomain.UnhandledException += OnExit;
        LastResort.Leaving += Dispose;
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => Set(_original)),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Set(_raw)),
        ];
        Set(_raw);
    }

    /// <summary>
    /// Enters raw mode; null if stdin is not a terminal. In the background it waits for being brought to the front.
    /// </summary>
    internal static RawMode? Enter() =>
        TerminalCalls.GetAttributes(FileCalls.StandardInput, out Termios original) == 0 ? new RawMode(original) : null;

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            Set(_original);
            _disposed = true;
        }

        LastResort.Leaving -= Dispose;
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        AppDomain.CurrentDomain.UnhandledException -= OnExit;
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();

    private void Set(in Termios attributes)
    {
        lock (_gate)
        {
            if (!_disposed && TerminalCalls.IsForeground(FileCalls.StandardInput))
            {
                _ = TerminalCalls.SetAttributes(FileCalls.StandardInput, TerminalCalls.AtOnce, attributes);
            }
        }
    }
}
