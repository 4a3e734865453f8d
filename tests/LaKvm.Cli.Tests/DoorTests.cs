using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace LaKvm.Cli.Tests;

/// <summary>--monitor, --qmp and Ctrl-A c, as people and tools find them; the process is confined.</summary>
public sealed class DoorTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly string _socket = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly TestKernel _kernel = new(TestKernel.Print("up") + "3: addi.d $a0, $a0, 1\nb 3b\n");
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        _open.ForEach(open => open.Dispose());
        _kernel.Dispose();
        File.Delete(_socket);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Tool_starts_the_machine_by_qmp_looks_resets_and_ends_it(string mode)
    {
        using LakvmProcess lakvm = Start(mode, "--qmp", "--wait");
        using StreamReader replies = Connect(out StreamWriter requests);
        Read()["QMP"]!["version"]!["package"]!.GetValue<string>().Should().StartWith("LaKvm");
        Ask("qmp_capabilities");
        StringOf(Ask("query-status"), "status").Should().BeOneOf("prelaunch", "paused");
        lakvm.Output.Should().BeEmpty();

        Ask("cont");
        lakvm.Expect("up", _patience);
        StringOf(Ask("query-name"), "name").Should().Be(Path.GetFileName(_kernel.Path));
        JsonNode cpu = Ask("query-cpus-fast")![0]!;
        File.Exists($"/proc/{lakvm.Id}/task/{cpu["thread-id"]}/comm").Should().BeTrue();
        Ask("human-monitor-command", """, "arguments": {"command-line": "info registers"}""")!
            .GetValue<string>().Should().Contain("a0   ");
        Ask("stop");
        StringOf(Ask("query-status"), "status").Should().Be("paused");
        Ask("cont");
        Ask("system_powerdown");
        Ask("system_reset");
        lakvm.Expect("upup", _patience);
        StringOf(Ask("query-status"), "status").Should().Be("running");
        Ask("quit");

        lakvm.WaitForExit(_patience).ExitCode.Should().Be(0);
        string rest = replies.ReadToEnd();
        rest.Should().Contain("\"event\":\"SHUTDOWN\"").And.Contain("host-qmp-quit");

        JsonNode Read() => JsonNode.Parse(replies.ReadLine() ?? throw new IOException("the connection has ended"))!;

        JsonNode? Ask(string command, string more = "")
        {
            requests.Write($$"""{"execute": "{{command}}"{{more}}}""");
            requests.Flush();
            JsonNode reply;
            do
            {
                reply = Read();
            }
            while (reply["event"] != null);
            reply["error"].Should().BeNull();
            return reply["return"];
        }
    }

    [Fact]
    public void Person_looks_at_the_machine_by_the_monitor_and_switches_it_off()
    {
        using LakvmProcess lakvm = Start("run", "--monitor", "--sandbox", "on");
        lakvm.Expect("up", _patience);
        using StreamReader answers = Connect(out StreamWriter lines);
        lines.Write("info status\nsystem_powerdown\nquit\n");
        lines.Flush();

        answers.ReadToEnd().Should().Contain("VM status: running\r\n").And.Contain("The machine is switched off.");
        lakvm.WaitForExit(_patience).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Key_at_the_console_leads_to_the_monitor_and_back()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + """
            4: ld.bu $t0, $s0, 5
            andi $t0, $t0, 1
            beqz $t0, 4b
            ld.bu $t0, $s0, 0
            st.b $t0, $s0, 0
            b 4b

            """);
        using var terminal = LakvmProcess.OnTerminal($"$lakvm run --kernel {kernel.Path} --memory 64");
        terminal.Expect("up", _patience);
        terminal.Type("\u0001c");
        terminal.Expect("(lakvm) ", _patience);
        terminal.Type("infp\u007fo status\r");
        terminal.Expect("VM status: running", _patience);
        terminal.Type("stop\r");
        terminal.Expect("The machine is paused.", _patience);
        terminal.Type("info registers\r");
        terminal.Expect("a0   ", _patience);
        terminal.Type("cont\r");
        terminal.Expect("The machine runs.", _patience);
        terminal.Type("\u0001h");
        terminal.Expect("to LaKvm's monitor and back", _patience);
        terminal.Type("\u0001cabc");
        terminal.Expect("abc", _patience, from: terminal.Output.Length);
        terminal.Type("\u0001x");
        terminal.WaitForExit(_patience).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Waiting_for_nobody_is_a_mistake()
    {
        (int code, _, string errors) = LakvmProcess.Run("run", "--kernel", _kernel.Path, "--wait");

        code.Should().Be(ExitCode.Usage);
        errors.Should().Contain("--wait: there is nobody to wait for");
    }

    private static string StringOf(JsonNode? node, string name) => node![name]!.GetValue<string>();

    private LakvmProcess Start(string mode, string door, params string[] more) =>
        new([mode, "--kernel", _kernel.Path, "--memory", "64", door, $"unix:{_socket}", .. more]);

    private StreamReader Connect(out StreamWriter writer)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.ReceiveTimeout = (int)_patience.TotalMilliseconds;
        SpinWait.SpinUntil(() => TryConnect(socket), _patience).Should().BeTrue("somebody listens");
        var stream = new NetworkStream(socket, ownsSocket: true);
        _open.Add(stream);
        writer = new StreamWriter(stream);
        return new StreamReader(stream);
    }

    private bool TryConnect(Socket socket)
    {
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(_socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
