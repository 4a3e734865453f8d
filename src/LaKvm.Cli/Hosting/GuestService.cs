using Microsoft.Extensions.Hosting;

namespace LaKvm.Cli;

/// <summary>Ends the host with the guest's run, and the run with the host.</summary>
internal sealed class GuestService(GuestRun run, IHostApplicationLifetime lifetime) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(run.Stop);
        run.Completion.ContinueWith(_ => lifetime.StopApplication(), TaskScheduler.Default);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAny(run.Completion).WaitAsync(cancellationToken);
}
