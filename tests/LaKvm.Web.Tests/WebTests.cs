using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using LaKvm.Debugger.Tests;
using LaKvm.Running;

namespace LaKvm.Web.Tests;

/// <summary>The machine by HTTP: what is asked for, and who may ask.</summary>
public sealed class WebTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Machine_is_paused_and_resumed_and_its_button_pressed()
    {
        using var bench = new WebBench();
        JsonNode machine = await bench.GetAsync("/api/v1/machine");
        machine["status"]!.GetValue<string>().Should().Be("running");
        machine["name"]!.GetValue<string>().Should().Be("counter");

        (await bench.PostAsync("/api/v1/machine/pause")).Status.Should().Be(HttpStatusCode.OK);
        bench.Machine.Life.State.Should().Be(MachineState.Paused);
        (await bench.PostAsync("/api/v1/machine/resume")).Status.Should().Be(HttpStatusCode.OK);
        bench.Machine.Life.State.Should().Be(MachineState.Running);
        (await bench.PostAsync("/api/v1/machine/power-button")).Status.Should().Be(HttpStatusCode.OK);
        bench.Machine.PowerButton.Should().Be(1);
    }

    [Fact]
    public async Task Commands_are_those_of_the_monitor()
    {
        using var bench = new WebBench(cpus: 2);
        (await bench.GetAsync("/api/v1/commands")).AsArray().Select(command => command!["name"]!.GetValue<string>())
            .Should().Contain(["stop", "info registers", "page-walk"]);

        JsonNode answer = (await bench.PostAsync("/api/v1/commands",
            new JsonObject { ["command"] = "info registers", ["cpu"] = 1 })).Answer;
        answer["text"]!.GetValue<string>().Should().StartWith("core 1:");
        (await bench.PostAsync("/api/v1/commands", new JsonObject { ["command"] = "info block" }))
            .Answer["result"]![0]!["file"]!.GetValue<string>().Should().Be("disk.img");
        (HttpStatusCode status, JsonNode error) =
            await bench.PostAsync("/api/v1/commands", new JsonObject { ["command"] = "fly" });
        status.Should().Be(HttpStatusCode.Conflict);
        error["error"]!.GetValue<string>().Should().StartWith("There is no command 'fly'");
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"command": 7}""")]
    [InlineData("""{"command": "help", "cpu": "x"}""")]
    [InlineData("""{"command": "help", "cpu": 1e300}""")]
    [InlineData("""{"command": "help", "cpu": """)]
    public async Task Body_that_is_no_command_is_refused(string body)
    {
        using var bench = new WebBench();
        using var content = new StringContent(body);

        using HttpResponseMessage response =
            await bench.Client.PostAsync(new Uri("/api/v1/commands", UriKind.Relative), content);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Description_names_all_that_is_there()
    {
        using var bench = new WebBench();
        JsonNode description = await bench.GetAsync("/openapi.json");
        description["openapi"]!.GetValue<string>().Should().StartWith("3.");
        foreach ((string path, JsonNode? place) in description["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in place!.AsObject())
            {
                operation!["summary"]!.GetValue<string>().Should().NotBeEmpty();
                operation["operationId"]!.GetValue<string>().Should().MatchRegex("^[a-z_0-9]+$");
                if (method == "get" && path != "/api/v1/events")
                {
                    using HttpResponseMessage response =
                        await bench.Client.GetAsync(new Uri(path, UriKind.Relative));
                    response.StatusCode.Should().BeOneOf(HttpStatusCode.OK, HttpStatusCode.UpgradeRequired);
                }
            }
        }

        description["paths"]!.AsObject().Should().HaveCountGreaterThan(10);
    }

    [Fact]
    public async Task Counters_are_told_to_programs_and_to_prometheus()
    {
        using var bench = new WebBench();
        JsonNode sample = await bench.GetAsync("/api/v1/statistics");
        sample["exits"]![0]!["p99_ns"]!.GetValue<int>().Should().Be(900);
        sample["vcpus"]![0]!["guest"]!.GetValue<long>().Should().Be(1_000_000_000);

        string metrics = await bench.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().OnlyContain(line =>
            line.StartsWith("# HELP ") || line.StartsWith("# TYPE ") || line.StartsWith("lakvm_"));
        metrics.Should().Contain("lakvm_running 1\n")
            .And.Contain("lakvm_exits_total{kind=\"idle\"} 3\n")
            .And.Contain("lakvm_vcpu_seconds_total{vcpu=\"0\",place=\"guest\"} 1.000000000\n");
    }

    [Fact]
    public async Task Console_is_shown_from_what_came_last_and_typed_at()
    {
        using var bench = new WebBench();
        Send(bench, "before ");
        using ClientWebSocket socket = await ConnectAsync(bench);
        (await ReadAsync(socket, "before ")).Should().Be("before ");
        Send(bench, "and after");
        await ReadAsync(socket, "and after");

        await socket.SendAsync("uname -a\n"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);

        DebugBench.WaitUntil(() => Encoding.UTF8.GetString([.. bench.Typed]) == "uname -a\n");
    }

    [Fact]
    public async Task Console_s_client_that_stalls_or_vanishes_holds_up_nobody()
    {
        using var bench = new WebBench();
        using ClientWebSocket stalled = await ConnectAsync(bench);
        using ClientWebSocket vanished = await ConnectAsync(bench);
        vanished.Abort();
        string line = new('x', 1000);
        for (int n = 0; n < 20_000; n++)
        {
            Send(bench, line);
        }

        Send(bench, "end");
        using ClientWebSocket other = await ConnectAsync(bench);
        await ReadAsync(other, "end");
        bench.Machine.Life.State.Should().Be(MachineState.Running);
    }

    [Fact]
    public async Task Events_come_as_they_happen()
    {
        using var bench = new WebBench();
        await using Stream stream = await bench.Client.GetStreamAsync(new Uri("/api/v1/events", UriKind.Relative));
        using var reader = new StreamReader(stream);
        (await reader.ReadLineAsync())!.Should().StartWith(":");
        await bench.PostAsync("/api/v1/machine/pause");

        string? line;
        do
        {
            line = await reader.ReadLineAsync().WaitAsync(_patience);
        }
        while (line is "");
        line.Should().Be("event: STOP");
        (await reader.ReadLineAsync().WaitAsync(_patience)).Should().StartWith("data: {\"time\":");
    }

    [Fact]
    public async Task Page_comes_with_all_its_parts_and_from_nowhere_else()
    {
        using var bench = new WebBench();
        string page = await bench.Client.GetStringAsync(new Uri("/", UriKind.Relative));
        foreach (string part in (string[])["page.js", "page.css", "icon.svg"])
        {
            page.Should().Contain($"/page/{part}");
            (await bench.Client.GetStringAsync(new Uri($"/page/{part}", UriKind.Relative))).Should().NotBeEmpty();
        }

        page.Should().NotContain("http:").And.NotContain("https:");
        using HttpResponseMessage missing = await bench.Client.GetAsync(new Uri("/page/..%2fx.js", UriKind.Relative));
        missing.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(null, "Bearer secret", HttpStatusCode.OK)]
    [InlineData(null, "Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData("?token=secret", null, HttpStatusCode.Unauthorized)]
    public async Task Token_is_asked_for_where_there_is_one(string? query, string? header, HttpStatusCode expected)
    {
        using var bench = new WebBench(token: "secret");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/machine{query}");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using HttpResponseMessage response = await bench.Client.SendAsync(request);
        response.StatusCode.Should().Be(expected);

        using HttpResponseMessage page = await bench.Client.GetAsync(new Uri("/", UriKind.Relative));
        page.StatusCode.Should().Be(HttpStatusCode.OK, "the page asks its reader for the token");
        using ClientWebSocket socket = await ConnectAsync(bench, "?token=secret");
        await bench.Awaiting(other => ConnectAsync(other)).Should().ThrowAsync<WebSocketException>();
    }

    [Theory]
    [InlineData("localhost", null, HttpStatusCode.OK)]
    [InlineData("evil.example", null, HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("localhost", "null", HttpStatusCode.Forbidden)]
    [InlineData("localhost", "http://localhost", HttpStatusCode.OK)]
    public async Task Page_of_another_site_cannot_command_the_machine(
        string host, string? origin, HttpStatusCode expected)
    {
        using var bench = new WebBench();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/machine/pause");
        request.Headers.Host = host;
        if (origin != null)
        {
            request.Headers.Add("Origin", origin);
        }


        using HttpResponseMessage response = await bench.Client.SendAsync(request);

        response.StatusCode.Should().Be(expected);
        bench.Machine.Life.State.Should()
            .Be(expected == HttpStatusCode.OK ? MachineState.Paused : MachineState.Running);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_is_sent_leaves_machine_and_server_to_the_next_client(int seed)
    {
        using var bench = new WebBench();
        var random = new Random(seed);
        string[] requests =
        [
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /api/v1/machine HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST /api/v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\n\r\n{\"command\":\"help\"}",
            "GET /api/v1/console HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                + "\u0082\u0005abcdefghi",
        ];
        for (int round = 0; round < 200; round++)
        {
            byte[] request = Encoding.Latin1.GetBytes(requests[random.Next(requests.Length)]);
            for (int damage = random.Next(5); damage > 0; damage--)
            {
                request[random.Next(request.Length)] = (byte)random.Next(256);
            }

            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, bench.Client.BaseAddress!.Port);
            await socket.SendAsync(request);
        }

        (await bench.GetAsync("/api/v1/machine"))["status"]!.GetValue<string>().Should().Be("running");
    }

    private static void Send(WebBench bench, string text)
    {
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            bench.Console.Write(value);
        }
    }

    private static async Task<ClientWebSocket> ConnectAsync(WebBench bench, string query = "")
    {
        var socket = new ClientWebSocket();
        using var patience = new CancellationTokenSource(_patience);
        await socket.ConnectAsync(
            new Uri($"ws://{bench.Client.BaseAddress!.Authority}/api/v1/console{query}"), patience.Token);
        return socket;
    }

    private static async Task<string> ReadAsync(ClientWebSocket socket, string end)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[1 << 16];
        using var patience = new CancellationTokenSource(_patience);
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            WebSocketReceiveResult got = await socket.ReceiveAsync(buffer, patience.Token);
            text.Append(Encoding.UTF8.GetString(buffer, 0, got.Count));
        }

        return text.ToString();
    }
}
