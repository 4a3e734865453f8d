namespace LaKvm.Cli.Tests;

/// <summary>--log and --log-output.</summary>
public sealed class EventLogTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    private readonly TestKernel _kernel =
        new("again:\ncpucfg $t1, $zero\n" + TestKernel.Print("x") + TestKernel.PowerOff, "whole_program");

    public void Dispose()
    {
        _kernel.Dispose();
        File.Delete(_file);
    }

    [Theory]
    [InlineData("host", "translator")]
    [InlineData("host", "interpreter")]
    [InlineData("run", "translator")]
    [InlineData("run", "interpreter")]
    public void Lines_come_to_a_file_with_symbols_and_the_console_stays_clean(string mode, string engine)
    {
        (int exitCode, string output, string errors) = LakvmProcess.Run(
            mode, "--kernel", _kernel.Path, "--memory", "64", "--engine", engine,
            "--log", "instructions=whole_program:2,mmio=0x1fe001e0", "--log-output", _file);

        (exitCode, output, errors).Should().Be((0, "x", ""));
        string[] lines = File.ReadAllLines(_file);
        string who = mode == "host" ? "core 0 root" : "vCPU 0 guest";
        lines.Should().HaveCount(3);
        lines[0].Should().StartWith(who).And.EndWith(" 0x200000 (whole_program+0x0) instruction: lu12i.w $s0, 130560");
        lines[1].Should().EndWith(" 0x200004 (whole_program+0x4) instruction: ori $s0, $s0, 480");
        lines[2].Should().MatchRegex(
            @" 0x200018 \(whole_program\+0x18\) mmio: write 0x1fe001e0(, 1 bytes)?: 0x78$");
    }

    [Fact]
    public void Lines_come_to_stderr()
    {
        (_, string output, string errors) = LakvmProcess.Run(
            "run", "--kernel", _kernel.Path, "--memory", "64", "--log", "exits=0x200010");

        output.Should().Be("x");
        errors.Should().Contain("GSPR (Ecode 0x16, EsubCode 0): cpucfg $t1, $zero");
    }

    [Theory]
    [InlineData(ExitCode.Usage, "--log: 'flights' is none of instructions,", "--log", "flights")]
    [InlineData(ExitCode.Usage, "--log: 'x' is not a number", "--log", "csr=1+x")]
    [InlineData(ExitCode.Failure, "--log: the guest's code has no symbol 'nobody'.", "--log", "csr=nobody")]
    [InlineData(ExitCode.Usage, "--log has no place beside --engine check", "--log", "csr", "--engine", "check")]
    [InlineData(ExitCode.Failure, "--log-output: ", "--log", "csr", "--log-output", "/nowhere/file")]
    public void Mistake_is_one_sentence(int code, string sentence, params string[] options)
    {
        (int exitCode, _, string errors) = LakvmProcess.Run(
            ["host", "--kernel", _kernel.Path, "--memory", "64", .. options]);

        exitCode.Should().Be(code);
        errors.Should().StartWith($"lakvm: {sentence}").And.NotContain("   at ");
    }
}
