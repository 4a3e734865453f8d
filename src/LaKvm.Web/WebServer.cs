using System.Net;
using LaKvm.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LaKvm.Web;

/// <summary>
/// The machine by HTTP: an interface for programs, and a page for people. It is ASP.NET Core's server on threads of its
/// own, made only when somebody asks for it; it reads no configuration and logs nothing.
/// </summary>
public sealed class WebServer : IDisposable
{
    /// <summary>How long clients have to go; a process that is to end has little more.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(300);

    private readonly WebApplication _application;

    private WebServer(WebApplication application) => _application = application;

    /// <summary>Where it listens: an address as browsers write it.</summary>
    public string Address => _application.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Begins to serve.</summary>
    /// <param name="options">What, and where.</param>
    /// <param name="machine">What is served.</param>
    /// <exception cref="IOException">Nobody can listen there.</exception>
    public static WebServer Start(WebOptions options, WebMachine machine)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options.At));
        builder.Services.AddRoutingCore();
        WebApplication application = builder.Build();
        var guard = new Guard(options);
        application.Use((context, next) => guard.AdmitAsync(context, next));
        application.UseWebSockets();
        application.UseRouting();
        EndpointTable table = EndpointTable.Create(machine, options.HasPage);
        table.MapTo(application);
        application.UseEndpoints(_ => { });
        application.StartAsync().GetAwaiter().GetResult();
        return new WebServer(application);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using var patience = new CancellationTokenSource(_patience);
        try
        {
            _application.StopAsync(patience.Token).Wait(_patience);
        }
        catch (AggregateException)
        {
            // A client holds its connection; it goes with the process.
        }
    }

    private static void Configure(KestrelServerOptions kestrel, EndPoint at)
    {
        const int mostBytes = 1 << 16, mostClients = 64;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = mostBytes;
        kestrel.Limits.MaxConcurrentConnections = mostClients;
        kestrel.Limits.MaxConcurrentUpgradedConnections = mostClients / 2;
        if (at is IPEndPoint internet)
        {
            kestrel.Listen(internet);
        }
        else
        {
            kestrel.ListenUnixSocket(at.ToString()!);
        }
    }
}
