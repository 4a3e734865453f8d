using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LaKvm.Control;
using LaKvm.Control.Tests;
using LaKvm.Debugger.Tests;

namespace LaKvm.Web.Tests;

/// <summary>A machine that counts in a0, a web server for it, and a client.</summary>
internal sealed class WebBench : IDisposable
{
    private readonly WebServer _server;

    internal WebBench(string? token = null, int cpus = 1)
    {
        Machine = new ControlBench(Level.Host, cpus);
        Console = new ConsoleHub(bytes =>
        {
            byte[] taken = bytes[..Math.Min(2, bytes.Length)]; // a serial port takes a few at a time
            Array.ForEach(taken, Typed.Enqueue);
            return taken.Length;
        });
        var machine = new WebMachine(Machine.Desk, Console, new Statistics());
        _server = WebServer.Start(new WebOptions(new IPEndPoint(IPAddress.Loopback, 0), HasPage: true, token), machine);
        Client = new HttpClient { BaseAddress = new Uri(_server.Address) };
    }

    internal ControlBench Machine { get; }

    internal ConsoleHub Console { get; }

    internal ConcurrentQueue<byte> Typed { get; } = new();

    internal HttpClient Client { get; }

    internal async Task<JsonNode> GetAsync(string path) =>
        JsonNode.Parse(await Client.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    internal async Task<(HttpStatusCode Status, JsonNode Answer)> PostAsync(string path, JsonNode? body = null)
    {
        using HttpResponseMessage response = await Client.PostAsJsonAsync(path, body ?? new JsonObject());
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    public void Dispose()
    {
        Client.Dispose();
        _server.Dispose();
        Machine.Dispose();
    }

    private sealed class Statistics : IMachineStatistics
    {
        public StatisticsSample Sample() => new(2_000_000_000,
            [new ExitSample("idle", 3, 1_500, 400, 900, 1000)], [new VcpuSample(1_000_000_000, 2, 3, 4)]);
    }
}
