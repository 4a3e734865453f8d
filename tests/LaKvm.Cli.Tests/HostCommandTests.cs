namespace LaKvm.Cli.Tests;

/// <summary>The program with bare-metal guests of a few instructions: console, ends of a run, signals.</summary>
public class HostCommandTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Guest_that_powers_off_ends_with_success_and_its_output_alone_on_stdout()
    {
        using var kernel = new TestKernel(TestKernel.Print("hello\n") + TestKernel.PowerOff);

        LakvmProcess.Run("host", "--kernel", kernel.Path).Should().Be((0, "hello\n", ""));
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Guest_hands_an_exit_code_out(string command)
    {
        using var kernel = new TestKernel("ori $t0, $zero, 7\nst.w $t0, $s1, 4\n" + TestKernel.PowerOff);

        LakvmProcess.Run(command, "--kernel", kernel.Path).ExitCode.Should().Be(7);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Guest_sees_the_terminals_size(string command)
    {
        // The port's second word: columns in the low half, rows in the high one; both are printed as characters.
        using var kernel = new TestKernel("""
            ld.w $t1, $s1, 8
            st.b $t1, $s0, 0
            srli.w $t1, $t1, 16
            st.b $t1, $s0, 0

            """ + TestKernel.PowerOff);
        using var terminal = LakvmProcess.OnTerminal(
            $"stty cols {(int)'C'} rows {(int)'R'}; $lakvm {command} --kernel {kernel.Path}");

        terminal.WaitForExit(Patience).Output.Should().Contain("CR");
        LakvmProcess.Run(command, "--kernel", kernel.Path).Output.Should().Be("\0\0", "a pipe has no size");
    }

    [Theory]
    [InlineData("host", "")]
    [InlineData("run", ",readonly")]
    [InlineData("run", ",snapshot")]
    public void Guest_runs_with_a_drive(string command, string mode)
    {
        string disk = Path.GetTempFileName();
        File.WriteAllBytes(disk, new byte[512]);
        using var kernel = new TestKernel(TestKernel.PowerOff);

        LakvmProcess.Run(command, "--kernel", kernel.Path, "--drive", disk + mode).Should().Be((0, "", ""));
        File.Delete(disk);
    }

    [Fact]
    public void Guest_that_resets_under_no_reboot_ends_with_its_own_exit_code()
    {
        using var kernel = new TestKernel(TestKernel.Print("down") + TestKernel.Reset);

        LakvmProcess.Run("host", "--no-reboot", "--kernel", kernel.Path).Should().Be((ExitCode.GuestReset, "down", ""));
    }

    [Fact]
    public void Guest_that_resets_is_booted_again_and_keeps_the_input()
    {
        // Waits for a key, then powers off on 'q' and resets on any other.
        using var kernel = new TestKernel(TestKernel.Print("boot ") + """
            5: ld.bu $t1, $s0, 5
            andi $t1, $t1, 1
            beqz $t1, 5b
            ld.bu $t1, $s0, 0
            ori $t2, $zero, 'q'
            bne $t1, $t2, 6f

            """ + TestKernel.PowerOff + "6:\n" + TestKernel.Reset);
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path);

        lakvm.Expect("boot ", Patience);
        lakvm.Type("r");
        lakvm.Expect("boot boot ", Patience);
        lakvm.Type("q");

        lakvm.WaitForExit(Patience).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Input_of_a_pipe_reaches_the_guest_whole_and_its_end_does_not_stop_the_guest()
    {
        // Echoes every key until 'q', which also powers off.
        using var kernel = new TestKernel("""
            ori $t2, $zero, 'q'
            5: ld.bu $t1, $s0, 5
            andi $t1, $t1, 1
            beqz $t1, 5b
            ld.bu $t1, $s0, 0
            st.b $t1, $s0, 0
            bne $t1, $t2, 5b

            """ + TestKernel.PowerOff);
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path);
        string text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n")) + "\u0001xq";

        lakvm.Type(text);
        lakvm.EndInput();

        lakvm.WaitForExit(Patience).Should().Be((0, text, ""), "the escape key is for terminals");
    }

    [Fact]
    public void End_of_the_input_is_typed_under_exit_on_eof()
    {
        // Powers off on Ctrl-D, and prints every other key.
        using var kernel = new TestKernel("""
            ori $t2, $zero, 4
            5: ld.bu $t1, $s0, 5
            andi $t1, $t1, 1
            beqz $t1, 5b
            ld.bu $t1, $s0, 0
            beq $t1, $t2, 6f
            st.b $t1, $s0, 0
            b 5b
            6:

            """ + TestKernel.PowerOff);
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path, "--exit-on-eof");

        lakvm.Type("ls\n");
        lakvm.EndInput();

        lakvm.WaitForExit(Patience).Should().Be((0, "ls\n", ""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nobody reads this, and it is longer than a FIFO")]
    public void Guest_that_goes_on_in_silence_behind_the_end_of_the_input_is_left_under_exit_on_eof(string input)
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "3: b 3b\n");
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path, "--exit-on-eof", "2");

        lakvm.Type(input);
        lakvm.EndInput();

        lakvm.WaitForExit(Patience).Should().Be((0, "up", ""));
    }

    [Fact]
    public void Log_file_takes_the_messages_instead_of_stderr()
    {
        string log = Path.GetTempFileName();
        using var kernel = new TestKernel(TestKernel.PowerOff);
        try
        {
            string[] command = ["host", "--kernel", kernel.Path, "--log-level", "info", "--log-file", log];
            LakvmProcess.Run(command).Should().Be((0, "", ""));
            LakvmProcess.Run(command).Should().Be((0, "", ""));

            File.ReadAllLines(log).Should()
                .HaveCount(2, "messages are added").And.OnlyContain(line => line.Contains("PowerOff"));
        }
        finally
        {
            File.Delete(log);
        }
    }

    [Theory]
    [InlineData(15, 143)]
    [InlineData(2, 130)]
    public void Signal_ends_the_run_in_order(int signal, int exitCode)
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "3: b 3b\n");
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path, "--cpus", "2");
        lakvm.Expect("up", Patience);

        lakvm.Signal(signal);

        lakvm.WaitForExit(Patience).Should().Be((exitCode, "up", ""));
    }

    [Fact]
    public void Guest_that_floods_a_reader_that_has_gone_is_stopped_and_that_is_no_success()
    {
        using var kernel = new TestKernel("ori $t0, $zero, 'y'\n4: st.b $t0, $s0, 0\nb 4b\n");
        using var lakvm = new LakvmProcess("host", "--kernel", kernel.Path);
        lakvm.Expect("yyyy", Patience);

        lakvm.CloseOutput();

        (int exitCode, _, string errors) = lakvm.WaitForExit(Patience);
        exitCode.Should().Be(ExitCode.Failure);
        errors.Should().Be("lakvm: the guest's output cannot be written: Broken pipe.\n");
    }

    [Theory]
    [InlineData("host", "a little", false)]
    [InlineData("run", "a little", false)]
    [InlineData("host", "more and more", true)]
    public void Output_that_finds_no_room_is_no_success(string command, string text, bool endless)
    {
        using var kernel = new TestKernel("9:\n" + TestKernel.Print(text) + (endless ? "b 9b\n" : TestKernel.PowerOff));
        using LakvmProcess lakvm = LakvmProcess.OfShell($"exec $lakvm {command} --kernel {kernel.Path} >/dev/full");

        lakvm.WaitForExit(Patience).Should().Be(
            (ExitCode.Failure, "", "lakvm: the guest's output cannot be written: No space left on device.\n"));
    }

    [Fact]
    public void Other_escape_key_is_heeded()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "3: b 3b\n");
        using var terminal = LakvmProcess.OnTerminal(
            $"$lakvm host --kernel {kernel.Path} --escape-key ctrl-t; echo code $?");
        terminal.Expect("up", Patience);

        terminal.Type("\u0001x\u0014h");
        terminal.Expect("Ctrl-T x", Patience);
        terminal.Type("\u0014x");

        terminal.WaitForExit(Patience).Output.Should().Contain("code 0");
    }

    [Fact]
    public void Escape_key_on_a_terminal_leaves_and_gives_the_terminal_back()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "3: b 3b\n");
        using var terminal = LakvmProcess.OnTerminal(
            $"$lakvm host --kernel {kernel.Path}; echo code $?; stty -a | grep -ow -e '-\\?icanon' -e '-\\?echo'");
        terminal.Expect("up", Patience);

        terminal.Type("\u0001h");
        terminal.Expect("Ctrl-A x", Patience);
        terminal.Type("\u0001x");

        (_, string output, _) = terminal.WaitForExit(Patience);
        output.Should().Contain("code 0").And.Contain("icanon").And.NotContain("-icanon").And.NotContain("-echo");
    }
}
