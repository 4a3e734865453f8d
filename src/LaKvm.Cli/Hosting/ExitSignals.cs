using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace LaKvm.Cli;

/// <summary>Turns the signals that end a process into a cancellation, and remembers which one it was.</summary>
internal sealed class ExitSignals : IDisposable
{
    private static readonly PosixSignal[] Signals =
        [PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM];

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    internal ExitSignals() =>
        _registrations = Array.ConvertAll(Signals, signal => PosixSignalRegistration.Create(signal, Receive));

    /// <summary>Cancelled by the first signal.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>The signal that came, or null.</summary>
    internal PosixSignal? Received { get; private set; }

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
        Received ??= context.Signal;
        LastResort.Arm(ExitCode.OfSignal(context.Signal));
        _source.Cancel();
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
