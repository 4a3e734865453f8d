using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace LaKvm.Cli;

/// <summary>Stops the host in order on the signals that end a process, and remembers which one it was.</summary>
internal sealed class SignalLifetime(IHostApplicationLifetime lifetime) : IHostLifetime, IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Ending =
        [(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15)];

    private PosixSignalRegistration[] _registrations = [];

    /// <summary>Number of the signal that stopped the process, or null.</summary>
    internal int? Signal { get; private set; }

    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations = [.. Ending.Select(ending => PosixSignalRegistration.Create(ending.Signal, context =>
        {
            context.Cancel = true;
            Signal ??= ending.Number;
            lifetime.StopApplication();
        }))];
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }
}
