using System.Text.Json.Nodes;
using LaKvm.Debugger.Tests;
using LaKvm.Running;

namespace LaKvm.Control.Tests;

/// <summary>Conversations in QMP, as libvirt and avocado-vt begin and lead them.</summary>
public sealed class QmpTests
{
    private const string NotFound = "CommandNotFound", Generic = "GenericError";

    /// <summary>What libvirt asks a running machine for, and avocado-vt beside it.</summary>
    public static TheoryData<string, string> Questions => new()
    {
        { "query-version", "$.qemu.major" }, { "query-status", "$.status" }, { "query-name", "$.name" },
        { "query-kvm", "$.enabled" }, { "query-target", "$.arch" }, { "query-current-machine", "" },
        { "query-cpus-fast", "[0].thread-id" }, { "query-hotpluggable-cpus", "[0].props" },
        { "query-chardev", "[0].filename" }, { "query-block", "[0].inserted" },
        { "query-named-block-nodes", "[0].drv" }, { "query-commands", "[0].name" },
        { "query-qmp-schema", "[0].meta-type" }, { "query-machines", "[0].cpu-max" },
        { "query-memory-size-summary", "$.base-memory" }, { "query-cpu-definitions", "[0].name" },
        { "query-blockstats", "" }, { "query-iothreads", "" }, { "query-migrate", "" },
        { "query-migrate-capabilities", "" }, { "query-command-line-options", "" }, { "qom-list-types", "" },
    };

    [Fact]
    public void Conversation_begins_as_libvirt_has_it()
    {
        using var bench = new ControlBench();
        using LineClient client = bench.ConnectQmp();

        JsonNode greeting = Read(client)["QMP"]!;
        greeting["version"]!["qemu"]!["major"]!.GetValue<int>().Should().BeGreaterThan(6);
        greeting["capabilities"]!.AsArray().Should().BeEmpty();
        ErrorOf(Ask(client, """{"execute":"query-status","id":"libvirt-1"}""")).Should().Be(NotFound);

        JsonNode reply = Ask(client, """{"execute":"qmp_capabilities","id":"libvirt-2"}""");
        reply["return"]!.AsObject().Should().BeEmpty();
        reply["id"]!.GetValue<string>().Should().Be("libvirt-2");
        ErrorOf(Ask(client, """{"execute":"qmp_capabilities"}""")).Should().Be(NotFound);
        ErrorOf(Ask(client, """{"execute":"query-events"}""")).Should().Be(NotFound, "QEMU 11 has it no more");
        ErrorOf(Ask(client, """{"execute":"query-balloon"}""")).Should().Be("DeviceNotActive");
    }

    [Theory]
    [MemberData(nameof(Questions))]
    public void Question_is_answered(string command, string member)
    {
        using var bench = new ControlBench();
        using LineClient client = Begin(bench);

        JsonNode answer = Ask(client, $$"""{"execute":"{{command}}"}""")["return"]!;

        JsonNode? found = member.Split('.').Aggregate((JsonNode?)answer, (node, name) =>
            name is "$" or "" ? node : name == "[0]" ? node![0] : node![name]);
        found.Should().NotBeNull();
    }

    [Fact]
    public void Thread_of_a_core_is_told_by_its_number()
    {
        using var bench = new ControlBench();
        using LineClient client = Begin(bench);

        int thread = Ask(client, """{"execute":"query-cpus-fast"}""")["return"]![0]!["thread-id"]!.GetValue<int>();

        File.ReadAllText($"/proc/self/task/{thread}/comm").Should().Be("core 0\n");
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Stop_and_cont_are_done_when_they_are_answered_and_told_before(Level level)
    {
        using var bench = new ControlBench(level);
        using LineClient client = Begin(bench);
        for (int round = 0; round < 5; round++)
        {
            client.Send("""{"execute":"stop"}""");
            JsonNode stop = Read(client);
            stop["event"]!.GetValue<string>().Should().Be("STOP");
            long seconds = stop["timestamp"]!["seconds"]!.GetValue<long>();
            DateTimeOffset.FromUnixTimeSeconds(seconds)
                .Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
            stop["timestamp"]!["microseconds"]!.GetValue<long>().Should().BeInRange(0, 999_999);
            Read(client)["return"].Should().NotBeNull();
            ulong before = bench.A0;
            StatusOf(client).Should().Be("paused");
            bench.A0.Should().Be(before);
            Ask(client, """{"execute":"stop"}""")["return"].Should().NotBeNull("it is no mistake, and no event");
            client.Send("""{"execute":"cont"}""");
            Read(client)["event"]!.GetValue<string>().Should().Be("RESUME");
            Read(client)["return"].Should().NotBeNull();
            StatusOf(client).Should().Be("running");
        }
    }

    [Fact]
    public void All_clients_are_told_of_what_one_does()
    {
        using var bench = new ControlBench();
        using LineClient one = Begin(bench);
        using LineClient two = bench.ConnectAgain();
        using LineClient silent = bench.ConnectAgain();
        Read(two);
        Read(silent);
        Ask(two, """{"execute":"qmp_capabilities"}""");

        one.Send("""{"execute":"system_powerdown"}""");

        Read(one)["event"]!.GetValue<string>().Should().Be("POWERDOWN");
        Read(two)["event"]!.GetValue<string>().Should().Be("POWERDOWN");
        bench.PowerButton.Should().Be(1);
        silent.Send("""{"execute":"qmp_capabilities"}""");
        Read(silent)["return"].Should().NotBeNull("who has not negotiated is told nothing");
    }

    [Fact]
    public void Reset_and_end_are_told_with_who_wanted_them()
    {
        using var bench = new ControlBench();
        using LineClient client = Begin(bench);
        Ask(client, """{"execute":"system_reset"}""")["return"].Should().NotBeNull();
        bench.Replace();
        JsonNode reset = Read(client);
        reset["event"]!.GetValue<string>().Should().Be("RESET");
        reset["data"]!["guest"]!.GetValue<bool>().Should().BeFalse();

        ((Devices.IMachineControl)bench.Life).Reboot();
        bench.Replace();
        Read(client)["data"]!["reason"]!.GetValue<string>().Should().Be("guest-reset");

        Ask(client, """{"execute":"quit"}""")["return"].Should().NotBeNull();
        bench.Replace();
        JsonNode end = Read(client);
        end["event"]!.GetValue<string>().Should().Be("SHUTDOWN");
        end["data"]!["reason"]!.GetValue<string>().Should().Be("host-qmp-quit");
        ErrorOf(Ask(client, """{"execute":"query-status"}""")).Should().Be(Generic);
    }

    [Fact]
    public void Human_monitor_command_answers_as_the_monitor_does()
    {
        using var bench = new ControlBench(cpus: 2);
        using LineClient client = Begin(bench);

        Human("info status").Should().Be("VM status: running\r\n");
        Human("info registers").Should().StartWith("core 0:");
        Human("info registers", ", \"cpu-index\": 1").Should().StartWith("core 1:");
        Human("what").Should().StartWith("There is no command 'what'");

        string Human(string line, string more = "") => Ask(client,
            $$$"""{"execute":"human-monitor-command","arguments":{"command-line":"{{{line}}}"{{{more}}}}}""")
            ["return"]!.GetValue<string>();
    }

    [Theory]
    [InlineData("""["execute"]""", Generic)]
    [InlineData("1 ", Generic)]
    [InlineData("{}", Generic)]
    [InlineData("""{"execute":7}""", Generic)]
    [InlineData("""{"execute":"stop","arguments":[]}""", Generic)]
    [InlineData("""{"execute":"stop","arguments":{"now":true}}""", Generic)]
    [InlineData("""{"execute":"stop","control":{}}""", Generic)]
    [InlineData("""{"exec-oob":"stop"}""", Generic)]
    [InlineData("""{"execute":"human-monitor-command"}""", Generic)]
    [InlineData("""{"execute":"human-monitor-command","arguments":{"command-line":1}}""", Generic)]
    [InlineData("""{"execute":"device_add","arguments":{"driver":"e1000"}}""", NotFound)]
    [InlineData("{\"execute\": nonsense}\n", Generic)]
    [InlineData("\u0001\n", Generic)]
    public void Mistake_is_answered_by_its_class_and_the_conversation_goes_on(string request, string error)
    {
        using var bench = new ControlBench();
        using LineClient client = Begin(bench);

        ErrorOf(Ask(client, request)).Should().Be(error);

        StatusOf(client).Should().Be("running");
    }

    [Fact]
    public void Requests_may_be_cut_and_joined_in_any_way()
    {
        using var bench = new ControlBench();
        using LineClient client = Begin(bench);
        foreach (char next in "{ \"execute\" :\r\n \"query-name\", \"id\": {\"a\": [1, \"x\\\"}\"]}\n}")
        {
            client.Send($"{next}");
        }

        Read(client)["id"]!.ToJsonString().Should().Be("""{"a":[1,"x\u0022}"]}""");
        client.Send("""{"execute":"query-name","id":1}{"execute":"query-name","id":2}"""
            + """ {"execute":"query-name","id":3}""");
        Enumerable.Range(0, 3).Select(_ => Read(client)["id"]!.GetValue<int>()).Should().Equal(1, 2, 3);
    }

    [Fact]
    public void Request_without_end_is_refused()
    {
        using var bench = new ControlBench();
        using LineClient client = Begin(bench);
        client.Send("""{"execute":" """);
        try
        {
            for (int n = 0; n < 100; n++)
            {
                client.Send(new string('x', 4096));
            }
        }
        catch (System.Net.Sockets.SocketException)
        {
            // It was sent away.
        }

        ErrorOf(Read(client)).Should().Be(Generic);
    }

    [Fact]
    public void Client_for_which_there_is_no_room_is_told_so()
    {
        using var bench = new ControlBench();
        using LineClient first = Begin(bench);
        LineClient[] others = [.. Enumerable.Range(0, 20).Select(_ => bench.ConnectAgain())];

        others.Select(Read).Count(line => line["error"] != null).Should().Be(5);

        Array.ForEach(others, other => other.Dispose());
        StatusOf(first).Should().Be("running");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whatever_is_sent_leaves_machine_and_door_to_the_next_client(int seed)
    {
        using var bench = new ControlBench();
        Begin(bench).Dispose();
        var random = new Random(seed);
        string[] requests = [.. Questions.Select(row => $$"""{"execute":"{{row[0]}}","id":{{random.Next()}}}"""),
            """{"execute":"human-monitor-command","arguments":{"command-line":"help"}}"""];
        for (int round = 0; round < 12; round++)
        {
            using LineClient client = bench.ConnectAgain();
            client.Send("""{"execute":"qmp_capabilities"}""");
            for (int n = 0; n < 20; n++)
            {
                byte[] request = System.Text.Encoding.UTF8.GetBytes(requests[random.Next(requests.Length)] + "\n");
                for (int damage = random.Next(4); damage > 0; damage--)
                {
                    request[random.Next(request.Length)] = (byte)random.Next(256);
                }

                client.SendBytes(request.AsSpan(random.Next(3), random.Next(request.Length - 3)));
            }
        }

        LineClient? last = null;
        DebugBench.WaitUntil(() =>
        {
            last?.Dispose();
            last = bench.ConnectAgain();
            return Read(last)["QMP"] != null;
        });
        Ask(last!, """{"execute":"qmp_capabilities"}""");
        StatusOf(last!).Should().Be("running");
        last!.Dispose();
        bench.Life.State.Should().Be(MachineState.Running);
    }

    private static LineClient Begin(ControlBench bench)
    {
        LineClient client = bench.ConnectQmp();
        Read(client)["QMP"].Should().NotBeNull();
        Ask(client, """{"execute":"qmp_capabilities"}""")["return"].Should().NotBeNull();
        return client;
    }

    private static JsonNode Ask(LineClient client, string request)
    {
        client.Send(request);
        return Read(client);
    }

    private static JsonNode Read(LineClient client) =>
        JsonNode.Parse(client.ReadLine() ?? throw new IOException("the connection has ended"))!;

    private static string ErrorOf(JsonNode reply) => reply["error"]!["class"]!.GetValue<string>();

    private static string StatusOf(LineClient client) =>
        Ask(client, """{"execute":"query-status"}""")["return"]!["status"]!.GetValue<string>();
}
