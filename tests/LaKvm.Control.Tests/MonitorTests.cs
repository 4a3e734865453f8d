using LaKvm.Debugger.Tests;
using LaKvm.Running;

namespace LaKvm.Control.Tests;

/// <summary>The layer of commands, and the monitor on a socket.</summary>
public sealed class MonitorTests
{
    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Command_that_looks_at_registers_pauses_a_running_machine_for_as_long(Level level)
    {
        using var bench = new ControlBench(level);
        var events = new List<string>();
        bench.Desk.Happened += happened => events.Add(happened.Name);

        bench.Desk.Execute("info registers").Text.Should().Contain("a0   ");

        bench.Desk.Execute("info status").Text.Should().Be("VM status: running\n");
        bench.Desk.Execute("stop").IsFailure.Should().BeFalse();
        bench.Life.State.Should().Be(MachineState.Paused);
        bench.A0.Should().BePositive();
        bench.Desk.Execute("info registers").IsFailure.Should().BeFalse();
        bench.Life.State.Should().Be(MachineState.Paused, "as it was before");
        events.Should().Equal(["STOP"], "a look is no stop");
    }

    [Theory]
    [InlineData("info status", """{"running":true,"status":"running"}""")]
    [InlineData("info name", """{"name":"counter"}""")]
    [InlineData("info kvm", """{"enabled":false,"present":false}""")]
    [InlineData("info block",
        """[{"device":"drive0","file":"disk.img","driver":"raw","bytes":4096,"read_only":true}]""")]
    [InlineData("info chardev", """[{"label":"serial0","filename":"stdio"}]""")]
    [InlineData("info network", "[]")]
    [InlineData("fly", """{"error":"There is no command 'fly'; 'help' lists all."}""")]
    [InlineData("x", """{"error":"x: an address is missing"}""")]
    public void Result_is_had_as_json_too(string command, string json)
    {
        using var bench = new ControlBench();

        bench.Desk.Execute(command).AsJson().ToJsonString(
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })
            .Should().Be(json);
    }

    [Fact]
    public void Monitor_on_a_socket_answers_each_line_with_text_and_a_prompt()
    {
        using var bench = new ControlBench(cpus: 2);
        using LineClient client = bench.Connect(listener => new MonitorDoor(bench.Desk, listener));
        client.ReadUntil(MonitorSession.Prompt);

        Ask("info status").Should().Be("VM status: running\r\n(lakvm) ");
        Ask("stop").Should().StartWith("The machine is paused.");
        Ask("info status").Should().StartWith("VM status: paused");
        Ask("cpu 1").Should().Be(MonitorSession.Prompt);
        Ask("cpu").Should().StartWith("Core 1;");
        Ask("cpu 2").Should().StartWith("There is no core '2'.");
        Ask("info registers").Should().StartWith("core 1: ");
        Ask("").Should().Be(MonitorSession.Prompt);
        Ask("nonsense").Should().StartWith("There is no command 'nonsense'");
        Ask("system_powerdown").Should().StartWith("The power button is pressed.");
        bench.PowerButton.Should().Be(1);
        Ask("cont").Should().StartWith("The machine runs.");
        Ask("help").Should().Contain("system_reset").And.Contain("info csrs").And.Contain("page-walk");

        string Ask(string line)
        {
            client.Send(line + "\n");
            return client.ReadUntil(MonitorSession.Prompt);
        }
    }

    [Fact]
    public async Task Clients_that_stall_or_vanish_hold_up_nobody()
    {
        using var bench = new ControlBench();
        using LineClient stalled = bench.Connect(listener => new MonitorDoor(bench.Desk, listener));
        bench.ConnectAgain().Dispose();
        using LineClient other = bench.ConnectAgain();
        string many = string.Concat(Enumerable.Repeat("help\n", 200));
        Task stalling = Task.Run(() =>
        {
            try
            {
                while (true)
                {
                    stalled.Send(many);
                }
            }
            catch (System.Net.Sockets.SocketException)
            {
                // It was sent away: it read nothing.
            }
        });

        other.Send("info status\n");
        other.ReadUntil("VM status: running\r\n");
        await stalling.WaitAsync(TimeSpan.FromSeconds(60)); // who does not read is sent away
        bench.Life.State.Should().Be(MachineState.Running);
    }

    [Fact]
    public void Line_without_end_is_refused()
    {
        using var bench = new ControlBench();
        using LineClient client = bench.Connect(listener => new MonitorDoor(bench.Desk, listener));
        client.Send(new string('x', 10_000));
        client.ReadUntil("No command is so long.");
    }

    [Fact]
    public async Task Reset_keeps_a_pause_and_who_asks_meanwhile_waits_for_the_new_machine()
    {
        using var bench = new ControlBench();
        bench.Desk.Execute("stop");
        bench.Desk.Execute("system_reset");
        Task<string>? status = null;
        bench.Replace(() =>
        {
            status = Task.Run(() => bench.Desk.Execute("info status").Text);
            Thread.Sleep(50);
            status.IsCompleted.Should().BeFalse();
        });

        (await status!).Should().Match(text => text.Contains("prelaunch") || text.Contains("paused"));
        DebugBench.WaitUntil(() => bench.Life.State == MachineState.Paused);
        bench.Desk.Execute("cont");
        bench.Life.State.Should().Be(MachineState.Running);
        bench.Desk.Execute("quit");
        bench.Replace();
        bench.Desk.Execute("info status").Text.Should().Be("There is no machine any more.\n");
    }
}
