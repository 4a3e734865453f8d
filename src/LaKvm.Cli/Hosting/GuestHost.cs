using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;

namespace LaKvm.Cli;

/// <summary>The generic host around a guest's run: logging, signals, and the order of starting and stopping.</summary>
internal static class GuestHost
{
    private const string LogTemplate = "lakvm: {Level:w}: {Message:lj}{NewLine}{Exception}";

    /// <summary>Runs a guest to its end.</summary>
    /// <returns>The process's exit code (<see cref="ExitCode"/>).</returns>
    internal static async Task<int> RunAsync(GuestOptions options, GuestFactory factory, CancellationToken stop)
    {
        var files = new BootFiles(options);

        // No configuration files, no default log providers: nothing that the first guest instruction would wait for.
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(options.LogLevel).AddSerilog(CreateLogger(options.LogLevel), dispose: true);
        builder.Services
            .Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5))
            .AddSingleton<IHostLifetime, NoHostLifetime>()
            .AddSingleton(options)
            .AddSingleton(files)
            .AddSingleton(factory)
            .AddSingleton<GuestObservers>()
            .AddSingleton<GuestTerminal>()
            .AddSingleton<ITerminal>(services => services.GetRequiredService<GuestTerminal>())
            .AddSingleton<GuestDevices>()
            .AddSingleton<GuestService>()
            .AddHostedService(services => services.GetRequiredService<GuestService>());
        using IHost host = builder.Build();
        var service = host.Services.GetRequiredService<GuestService>();
        await host.StartAsync(stop);
        await host.WaitForShutdownAsync(stop);
        return await service.Completion;
    }

    private static Serilog.Core.Logger CreateLogger(LogLevel level) => new LoggerConfiguration()
        .MinimumLevel.Is((LogEventLevel)level) // the two enumerations have the same order and numbers
        .WriteTo.Console(outputTemplate: LogTemplate, standardErrorFromLevel: LogEventLevel.Verbose)
        .CreateLogger();
}
