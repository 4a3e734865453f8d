using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace LaKvm.Cli;

/// <summary>Turns the signals that end a process into a cancellation, and remembers which one it was.</summary>
internal sealed class ExitSignals : IDisposable
{
    private static readonly PosixSignal[] Signals =
        [PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM];

    private static Func<bool>? _ask;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    internal ExitSignals() =>
        _registrations = Array.ConvertAll(Signals, signal => PosixSignalRegistration.Create(signal, Receive));

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>The signal that came, or null.</summary>
    internal PosixSignal? Received { get; private set; }

    /// <summary>
    /// Lets SIGTERM ask a guest to shut down. Where that is not possible, and the second time, it ends the process.
    /// </summary>
    /// <param name="ask">Asks, and says whether that was possible.</param>
    /// <returns>To be disposed of when there is nobody to ask any more.</returns>
    internal static IDisposable AskFirst(Func<bool> ask)
    {
        _ask = ask;
        return new Asking();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal == PosixSignal.SIGTERM && Received == null && _ask?.Invoke() == true)
        {
            return;
        }

        Received ??= context.Signal;
        LastResort.Arm(ExitCode.OfSignal(context.Signal));
        _source.Cancel();
    }

    private sealed class Asking : IDisposable
    {
        public void Dispose() => _ask = null;
    }
}

/// <summary>The host's own way to wait for signals, replaced by <see cref="ExitSignals"/>.</summary>
internal sealed class NoHostLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
