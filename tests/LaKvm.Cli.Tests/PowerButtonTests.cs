using System.Diagnostics;

namespace LaKvm.Cli.Tests;

/// <summary>SIGTERM and a key press the power button: guests that listen shut down, others are ended.</summary>
public sealed class PowerButtonTests
{
    /// <summary>Lets the event device's pin interrupt, says so, and waits for the event.</summary>
    private const string Listen = """
        lu12i.w $t1, 0x10000
        ori $t2, $zero, 0x80
        nor $t2, $t2, $zero
        st.w $t2, $t1, 0x20
        ori $t0, $zero, 'l'
        st.b $t0, $s0, 0
        lu12i.w $t1, 0x100e0
        5: ld.w $t2, $t1, 0
        andi $t2, $t2, 2
        beqz $t2, 5b
        ori $t0, $zero, 'p'
        st.b $t0, $s0, 0

        """;

    private const string GoOn = "3: b 3b\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    [InlineData("run --irqchip user")]
    public void SIGTERM_asks_a_guest_that_listens_and_the_guests_end_counts(string command)
    {
        using var kernel = new TestKernel(Listen + "ori $t0, $zero, 7\nst.w $t0, $s1, 4\n" + TestKernel.PowerOff);
        using var lakvm = new LakvmProcess([.. command.Split(' '), "--kernel", kernel.Path]);
        lakvm.Expect("l", Patience);

        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((7, "lp", ""));
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Second_SIGTERM_ends_a_guest_that_goes_on(string command)
    {
        using var kernel = new TestKernel(Listen + GoOn);
        using var lakvm = new LakvmProcess(command, "--kernel", kernel.Path);
        lakvm.Expect("l", Patience);
        lakvm.Signal(15);
        lakvm.Expect("p", Patience);
        Thread.Sleep(500);
        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((143, "lp", ""));
    }

    [Fact]
    public void Guest_that_goes_on_is_ended_when_its_time_is_up()
    {
        using var kernel = new TestKernel(Listen + GoOn);
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path, "--shutdown-time", "1");
        lakvm.Expect("l", Patience);

        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((143, "lp", ""));
    }

    [Fact]
    public void Guest_that_begins_to_wait_late_is_asked_again()
    {
        // Reads the event away three times, as a kernel does whose programs do not listen yet.
        string again = Listen[Listen.IndexOf("5:", StringComparison.Ordinal)..];
        using var kernel = new TestKernel(
            Listen + again.Replace('5', '6') + again.Replace('5', '7') + TestKernel.PowerOff);
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path);
        lakvm.Expect("l", Patience);

        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((0, "lppp", ""));
    }

    [Fact]
    public void No_time_to_shut_down_ends_the_guest_at_once()
    {
        using var kernel = new TestKernel(Listen + GoOn);
        using var lakvm = new LakvmProcess("run", "--kernel", kernel.Path, "--shutdown-time", "0");
        lakvm.Expect("l", Patience);

        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((143, "l", ""));
    }

    [Fact]
    public void Guest_that_is_held_by_a_debugger_is_ended_at_once()
    {
        using var kernel = new TestKernel(Listen + GoOn);
        string socket = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path, "--gdb", $"unix:{socket}", "--wait");
        Thread.Sleep(1000);

        var watch = Stopwatch.StartNew();
        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).ExitCode.Should().Be(143);
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void Key_asks_the_guest_once_and_then_ends_it()
    {
        using var kernel = new TestKernel(Listen + GoOn);
        using var terminal = LakvmProcess.OnTerminal($"$lakvm host --kernel {kernel.Path}; echo code $?");
        terminal.Expect("l", Patience);

        terminal.Type("\u0001p");
        terminal.Expect("p", Patience);
        terminal.Expect("is asked to shut down", Patience);
        terminal.Type("\u0001p");

        terminal.WaitForExit(Patience).Output.Should().Contain("code 0");
    }

    [Fact]
    public void Key_says_that_a_guest_does_not_listen()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + GoOn);
        using var terminal = LakvmProcess.OnTerminal($"$lakvm run --kernel {kernel.Path}; echo code $?");
        terminal.Expect("up", Patience);

        terminal.Type("\u0001p\u0001p");
        terminal.Expect("does not listen to its power button", Patience);
        terminal.Type("\u0001x");

        terminal.WaitForExit(Patience).Output.Should().Contain("code 0");
    }
}
