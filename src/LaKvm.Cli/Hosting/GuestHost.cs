using LaKvm.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>The generic host around a guest's run: logging, signals, and the order of starting and stopping.</summary>
internal static class GuestHost
{
    private const string LogTemplate = "lakvm: {Level:w}: {Message:lj}{NewLine}{Exception}";
    private const string FileTemplate =
        "{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} {Level:w}: {Message:lj}{NewLine}{Exception}";

    /// <summary>Runs a guest to its end.</summary>
    /// <returns>The process's exit code (<see cref="ExitCode"/>).</returns>
    internal static async Task<int> RunAsync(GuestOptions options, GuestFactory factory, CancellationToken stop)
    {
        using var logs = new SerilogLoggerFactory(CreateLogger(options.Log), dispose: true);
        var log = logs.CreateLogger(nameof(GuestHost));
        ProgramStreams? streams = options.Program == null ? null : new ProgramStreams();
        using var files = new BootFiles(options, streams);
        using var errors = new GuestErrorLog(message => log.LogWarning("{Message}", message));
        using var observers = new GuestObservers(options, message => log.LogWarning("{Message}", message));
        using var terminal = new GuestTerminal(options.Console, observers, streams);
        using CancellationTokenRegistration leaving = stop.Register(terminal.Abandon);
        using GuestDoors doors = GuestDoors.Open(options.Doors, terminal, observers, log);
        using var devices = new GuestDevices(options, doors.Tap(terminal), streams);
        terminal.Monitor = new ConsoleMonitor(() => doors.Desk, terminal.Show);
        using var run = new GuestRun(
            options, terminal, streams, cancel => factory(options, files, devices, observers, errors, cancel),
            doors, log);
        using IDisposable asking = ExitSignals.AskFirst(run.AskToShutDown);
        using IHost host = Build(run, logs);
        await host.StartAsync(stop);
        await host.WaitForShutdownAsync(stop);
        int exitCode = await run.Completion;
        terminal.Flush();
        if (exitCode == ExitCode.GuestReset)
        {
            terminal.ShowUnseen();
        }

        return exitCode;
    }

    private static IHost Build(GuestRun run, ILoggerFactory logs)
    {
        // No configuration files and no log providers: it is built while the guest is, and would hold that up.
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .Configure<HostOptions>(host => host.ShutdownTimeout = GuestRun.Patience)
            .AddSingleton(logs)
            .AddSingleton<IHostLifetime, NoHostLifetime>()
            .AddSingleton(run)
            .AddHostedService<GuestService>();
        return builder.Build();
    }

    private static Serilog.Core.Logger CreateLogger(LogOptions options)
    {
        var configuration = new LoggerConfiguration()
            .MinimumLevel.Is((LogEventLevel)options.Level); // the two enumerations have the same order and numbers
        if (options.File == null)
        {
            return configuration.WriteTo.Console(
                outputTemplate: LogTemplate, standardErrorFromLevel: LogEventLevel.Verbose)
                .CreateLogger();
        }

        FileChecks.RequireAppendable(LogOptionGroup.FileOption, options.File);
        return configuration.WriteTo.File(options.File, outputTemplate: FileTemplate, fileSizeLimitBytes: null)
            .CreateLogger();
    }
}
