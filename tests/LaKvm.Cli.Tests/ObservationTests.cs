using System.Text.Json;
using System.Text.RegularExpressions;

namespace LaKvm.Cli.Tests;

/// <summary>What --stat and --trace show of a virtual machine's exits.</summary>
public sealed partial class ObservationTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // cpucfg 300 times, so that counts can be compared.
    private const string Cpucfgs = """
        ori $s2, $zero, 300
        6: cpucfg $t1, $zero
        addi.d $s2, $s2, -1
        bnez $s2, 6b

        """;

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Statistics_count_exits_on_stderr_and_leave_the_console_alone()
    {
        using var kernel = new TestKernel(Cpucfgs + TestKernel.Print("hello\n") + TestKernel.PowerOff);

        (int exitCode, string output, string errors) = LakvmProcess.Run("run", "--kernel", kernel.Path, "--stat");

        (exitCode, output).Should().Be((0, "hello\n"));
        Row(errors, "CPUCFG").Should().Be(300);
        Row(errors, "MMIO, user space").Should().Be("hello\n".Length + 1, "the last switches off");
        Row(errors, "cpucfg_exits").Should().Be(300);
        Row(errors, "all exits").Should().BeGreaterThan(300);
    }

    [Fact]
    public void Statistics_name_the_places_that_the_guest_is_left_from_most()
    {
        using var kernel = new TestKernel(Cpucfgs + TestKernel.Print("x") + TestKernel.PowerOff, "spin_on_cpucfg");

        string errors = LakvmProcess.Run("run", "--kernel", kernel.Path, "--stat").Errors;

        string place = errors[errors.LastIndexOf("most exits from", StringComparison.Ordinal)..].Split('\n')[1];
        place.Should().MatchRegex(@"^0x200014 +300 +[0-9.]+  CPUCFG  spin_on_cpucfg\+0x14$");
    }

    [Fact]
    public void Trace_names_the_function_of_an_exit()
    {
        using var kernel = new TestKernel(Cpucfgs + TestKernel.PowerOff, "spin_on_cpucfg");

        LakvmProcess.Run("run", "--kernel", kernel.Path, "--trace", _file).ExitCode.Should().Be(0);

        JsonElement[] events = ReadTrace();
        Argument(events.First(e => Phase(e) == "X" && Name(e) == "CPUCFG"), "symbol").Should()
            .Be("spin_on_cpucfg+0x14");
        events.Where(e => Name(e) == "kvm_exit").Select(e => Argument(e, "symbol")).Should()
            .Contain("spin_on_cpucfg+0x14");
    }

    [Fact]
    public void Statistics_of_a_guest_that_goes_on_come_every_second_into_a_file()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "7: cpucfg $t1, $zero\nb 7b\n");
        using var lakvm = new LakvmProcess("run", "--kernel", kernel.Path, "--stat", _file);
        lakvm.Expect("up", Patience);
        WaitFor(() => Tables(_file) >= 2, "a table is written every second");

        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((143, "up", ""));
        string last = File.ReadAllText(_file);
        last.Should().Contain("seconds, 1 vCPU\n");
        Match row = CpucfgRow().Match(last[last.LastIndexOf("seconds, 1 vCPU", StringComparison.Ordinal)..]);
        double mean = double.Parse(row.Groups[2].Value);
        mean.Should().BePositive().And.BeLessThan(1000, "an exit takes microseconds");
    }

    [Fact]
    public void Statistics_on_the_consoles_terminal_wait_for_a_key_or_the_end()
    {
        // Prints a key, and after 'q' powers off.
        using var kernel = new TestKernel(TestKernel.Print("up\n") + """
            ori $t2, $zero, 'q'
            5: ld.bu $t1, $s0, 5
            andi $t1, $t1, 1
            beqz $t1, 5b
            ld.bu $t1, $s0, 0
            bne $t1, $t2, 5b

            """ + TestKernel.Print("bye\n") + TestKernel.PowerOff);
        using var terminal = LakvmProcess.OnTerminal($"$lakvm run --kernel {kernel.Path} --stat");
        terminal.Expect("up", Patience);
        Thread.Sleep(1500);
        terminal.Output.Should().NotContain("MMIO");

        terminal.Type("\u0001s");
        terminal.Expect("KVM's counters", Patience);
        terminal.Type("q");

        (_, string output, _) = terminal.WaitForExit(Patience);
        output.IndexOf("bye", StringComparison.Ordinal).Should().BePositive()
            .And.BeLessThan(output.IndexOf("seconds, 1 vCPU", StringComparison.Ordinal),
            "the summary has the last word");
    }

    [Fact]
    public void Trace_has_a_slice_with_arguments_and_result_for_each_exit_and_stay_in_the_guest()
    {
        using var kernel = new TestKernel(Cpucfgs + TestKernel.Print("x") + TestKernel.PowerOff);

        LakvmProcess.Run("run", "--kernel", kernel.Path, "--trace", _file, "--trace-exits", "all", "--cpus",
            "2").ExitCode.Should().Be(0);

        JsonElement[] events = ReadTrace();
        events.Where(e => Phase(e) == "M").Select(e => Argument(e, "name")).Should().Equal("vCPU 0", "vCPU 1");
        JsonElement[] slices = [.. events.Where(e => Phase(e) == "X")];
        slices.Count(e => Name(e) == "CPUCFG").Should().Be(300);
        slices.Count(e => Name(e) == "guest").Should().BeGreaterThan(300);
        JsonElement cpucfg = slices.First(e => Name(e) == "CPUCFG");
        Argument(cpucfg, "instruction").Should().Be("cpucfg $t1, $zero");
        Argument(cpucfg, "read").Should().Be("0x14c010");
        Argument(cpucfg, "result").Should().Be("resumed the guest");
        JsonElement print = slices.First(e => Name(e) == "MMIO, user space");
        Argument(print, "address").Should().Be("0x1fe001e0");
        Argument(print, "written").Should().Be("0x78");
        Argument(print, "result").Should().Be("left to user space");
        events.Count(e => Name(e) == "kvm_exit_cpucfg").Should().Be(300);
        events.Select(Name).Should().Contain(["kvm_enter", "kvm_exit", "kvm_reenter", "kvm_out", "kvm_vpid_change"]);
        foreach (var row in slices.Where(e => Name(e) != "user space").GroupBy(e => e.GetProperty("tid").GetInt32()))
        {
            double end = 0;
            foreach (JsonElement slice in row)
            {
                slice.GetProperty("ts").GetDouble().Should().BeGreaterThanOrEqualTo(end - 0.001, "{0} follows", slice);
                end = slice.GetProperty("ts").GetDouble() + slice.GetProperty("dur").GetDouble();
            }
        }
    }

    [Fact]
    public void Trace_leaves_the_console_out_as_if_the_guest_had_not_been_left()
    {
        using var kernel = new TestKernel(
            Cpucfgs + TestKernel.Print(new string('x', 50)) + Cpucfgs + TestKernel.PowerOff);

        LakvmProcess.Run("run", "--kernel", kernel.Path, "--trace", _file).ExitCode.Should().Be(0);

        JsonElement[] events = ReadTrace();
        events.Count(e => Name(e) == "CPUCFG").Should().Be(600);
        events.Count(e => Name(e) == "MMIO, user space").Should().Be(1, "the last switches off");
        JsonElement[] row = [.. events.Where(e => Phase(e) == "X" && Name(e) != "user space")];
        row.Zip(row.Skip(1)).Should().OnlyContain(
            pair => Name(pair.First) == "guest" != (Name(pair.Second) == "guest"), "stays and exits alternate");
    }

    [Fact]
    public void Trace_takes_the_kinds_asked_for()
    {
        using var kernel = new TestKernel(Cpucfgs + TestKernel.Print("xyz") + TestKernel.PowerOff);

        LakvmProcess.Run("run", "--kernel", kernel.Path, "--trace", _file, "--trace-exits",
            "console,idle").ExitCode.Should().Be(0);

        JsonElement[] events = ReadTrace();
        events.Select(Name).Should().NotContain(["CPUCFG", "kvm_exit_cpucfg"]);
        events.Count(e => Name(e) == "MMIO, user space").Should()
            .BeInRange(3, 4, "the one that switches off never ends");
    }

    [Fact]
    public void Statistics_as_json_are_one_text_with_percentiles()
    {
        string file = _file + ".json";
        using var kernel = new TestKernel(Cpucfgs + TestKernel.PowerOff);
        try
        {
            LakvmProcess.Run("run", "--kernel", kernel.Path, "--stat", file).Should().Be((0, "", ""));

            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
            JsonElement cpucfg = json.RootElement.GetProperty("exits").EnumerateArray()
                .Single(exit => exit.GetProperty("kind").GetString() == "cpucfg");
            cpucfg.GetProperty("count").GetInt64().Should().Be(300);
            long[] times = [.. ((string[])["min_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns"])
                .Select(name => cpucfg.GetProperty(name).GetInt64())];
            times.Should().BeInAscendingOrder().And.OnlyContain(time => time > 0);
            cpucfg.GetProperty("ns").GetInt64().Should().BeGreaterThanOrEqualTo(300 * times[0]);
            JsonElement place = json.RootElement.GetProperty("places")[0];
            place.GetProperty("pc").GetString().Should().Be("0x200014");
            place.GetProperty("kind").GetString().Should().Be("cpucfg");
            place.GetProperty("count").GetInt64().Should().Be(300);
            place.GetProperty("symbol").ValueKind.Should().Be(JsonValueKind.Null, "this kernel has no symbols");
            json.RootElement.GetProperty("counters").GetProperty("cpucfg_exits").GetInt64().Should().Be(300);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Trace_of_a_run_that_a_signal_ends_has_its_tail()
    {
        // Far more exits than the buffers hold.
        using var kernel = new TestKernel(TestKernel.Print("up") + "7: cpucfg $t1, $zero\nb 7b\n");
        using var lakvm = new LakvmProcess("run", "--kernel", kernel.Path, "--trace", _file);
        lakvm.Expect("up", Patience);
        WaitFor(() => new FileInfo(_file).Length > 20 << 20, "the file grows while the guest runs");

        lakvm.Signal(15);
        lakvm.WaitForExit(Patience).Should().Be((143, "up", ""));

        JsonElement[] events = ReadTrace();
        int exits = events.Count(e => Name(e) == "kvm_exit_cpucfg");
        exits.Should().BeGreaterThan(10_000);
        events.Count(e => Name(e) == "CPUCFG").Should().Be(exits, "no exit is lost");
        Argument(events.Last(e => Phase(e) == "i"), "reason").Should().Be("0xa", "a signal ended KVM_RUN");
    }

    [Fact]
    public void Trace_of_a_process_that_is_killed_is_whole()
    {
        using var kernel = new TestKernel(Cpucfgs + TestKernel.Print("up") + "7: b 7b\n");
        using var lakvm = new LakvmProcess("run", "--kernel", kernel.Path, "--trace", _file, "--trace-exits", "all");
        lakvm.Expect("up", Patience);
        WaitFor(() => File.ReadAllText(_file).Contains("\"0x70\"", StringComparison.Ordinal), "'p' is written soon");

        lakvm.Signal(9);
        lakvm.WaitForExit(Patience);

        ReadTrace().Count(e => Name(e) == "CPUCFG").Should().Be(300);
    }

    [Fact]
    public void Trace_that_cannot_be_written_says_so_once_and_the_guest_runs()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + TestKernel.PowerOff);

        (int exitCode, string output, string errors) =
            LakvmProcess.Run("run", "--kernel", kernel.Path, "--trace", "/dev/full");

        (exitCode, output).Should().Be((0, "up"));
        errors.TrimEnd().Should().StartWith("lakvm: --trace: the trace ends here").And.NotContain("\n");
    }

    [Theory]
    [InlineData("run --trace /nonexistent/file", "--trace: '/nonexistent/file' cannot be written")]
    [InlineData("run --stat /", "--stat: '/' cannot be written")]
    public void File_that_cannot_be_written_is_one_sentence(string arguments, string message)
    {
        using var kernel = new TestKernel(TestKernel.PowerOff);

        (int exitCode, string output, string errors) =
            LakvmProcess.Run([.. arguments.Split(' '), "--kernel", kernel.Path]);

        (exitCode, output).Should().Be((ExitCode.Failure, ""));
        errors.TrimEnd().Should().StartWith("lakvm: " + message).And.NotContain("\n");
    }

    private static int Tables(string file) => Regex.Count(File.ReadAllText(file), "^exit ", RegexOptions.Multiline);

    private static void WaitFor(Func<bool> condition, string reason) =>
        SpinWait.SpinUntil(condition, Patience).Should().BeTrue(reason);

    /// <summary>The total of a row, of the last table that has it.</summary>
    private static long Row(string text, string name) => long.Parse(
        Regex.Matches(text, $"^{Regex.Escape(name)} +([0-9]+)", RegexOptions.Multiline)[^1].Groups[1].Value);

    private JsonElement[] ReadTrace()
    {
        using FileStream file = File.OpenRead(_file);
        return [.. JsonDocument.Parse(file).RootElement.GetProperty("traceEvents").EnumerateArray()];
    }

    private static string Phase(JsonElement e) => e.GetProperty("ph").GetString()!;

    private static string Name(JsonElement e) => e.GetProperty("name").GetString()!;

    private static string Argument(JsonElement e, string name) => e.GetProperty("args").GetProperty(name).GetString()!;

    [GeneratedRegex("^CPUCFG +([0-9]+) +[0-9.]+ +[0-9]+ +([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex CpucfgRow();
}
