using System.Diagnostics;
using LaKvm.Translator;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>Runs a guest for as long as the host runs, and ends the host with the guest.</summary>
internal sealed class GuestService(
    GuestOptions options,
    GuestFactory factory,
    GuestTerminal terminal,
    BootFiles files,
    GuestDevices devices,
    GuestObservers observers,
    IHostApplicationLifetime lifetime,
    ILogger<GuestService> log) : IHostedService
{
    /// <summary>The process's exit code, once the guest has ended; fails with what went wrong.</summary>
    internal Task<int> Completion { get; private set; } = Task.FromResult(ExitCode.Success);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        terminal.Left += lifetime.StopApplication;
        Completion = Task.Factory.StartNew(
            RunToEnd, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        lifetime.ApplicationStopping.Register(AbandonOutput);
        Completion.ContinueWith(_ => lifetime.StopApplication(), TaskScheduler.Default);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAny(Completion).WaitAsync(cancellationToken);

    private void AbandonOutput()
    {
        if (!Completion.IsCompleted)
        {
            terminal.Abandon();
        }
    }

    private int RunToEnd()
    {
        while (true)
        {
            using IGuest guest = factory(options, files, devices, observers, log);
            terminal.Start();
            LogStart();
            GuestEnd end = guest.Run(lifetime.ApplicationStopping);
            log.LogInformation("The guest's run ended: {End}", end);
            if (end != GuestEnd.Reset)
            {
                return ExitCode.Success;
            }

            if (options.NoReboot)
            {
                return ExitCode.GuestReset;
            }
        }
    }

    private void LogStart()
    {
        if (!TranslatorEngine.IsSupported)
        {
            log.LogWarning("There is no translator for this computer's processor; the interpreter is several times slower");
        }

        if (log.IsEnabled(LogLevel.Debug))
        {
            TimeSpan age = DateTime.Now - Process.GetCurrentProcess().StartTime;
            log.LogDebug("First guest instruction {Milliseconds:0} ms after the process started", age.TotalMilliseconds);
        }
    }
}
