using System.Diagnostics;
using System.Security.Cryptography;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary><c>lakvm host|run -- PROGRAM</c>: streams, exit code and directory of a program in the guest.</summary>
[Trait("Category", "Slow")]
public sealed class ProgramCommandTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("lakvm-program-").FullName;

    public ProgramCommandTests() => GuestShell.EnsureImage();

    public static TheoryData<string> Commands => ["host", "run"];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Commands))]
    public void Program_has_its_words_directory_streams_and_exit_code(string command)
    {
        File.WriteAllText(Path.Combine(_directory, "file"), "content");

        (int code, string output, string errors) = Run(
            $"echo in | $lakvm {command} -- sh -c 'cat file -; pwd; echo made >new; for w; do echo \"[$w]\"; done;"
            + " echo err >&2; exit 9' sh \"it's\" 'a  b' '' '$HOME'");

        errors.Should().Be("err\n", "nothing of the boot belongs there");
        output.Should().Be($"contentin\n{_directory}\n[it's]\n[a  b]\n[]\n[$HOME]\n");
        code.Should().Be(9);
        File.ReadAllText(Path.Combine(_directory, "new")).Should().Be("made\n");
    }

    [Fact]
    public void Bytes_go_through_as_they_are()
    {
        byte[] bytes = new byte[3_000_000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(_directory, "input"), bytes);

        Run("$lakvm run -- cat <input >output").Code.Should().Be(0);

        SHA256.HashData(File.ReadAllBytes(Path.Combine(_directory, "output"))).Should().Equal(SHA256.HashData(bytes));
    }

    [Theory]
    [InlineData("$lakvm host -- ./none", 127, "./none")]
    [InlineData("$lakvm run -- sh -c 'kill -9 $$'", 137, "")]
    [InlineData("$lakvm run --timeout 20 -- sleep 1000", 124, "")]
    [InlineData("$lakvm run -- yes | head -1; exit ${PIPESTATUS[0]}", 141, "")]
    [InlineData("$lakvm host -- sh -c 'echo c >/proc/sysrq-trigger'", 3, "Kernel panic")]
    public void End_of_whatever_kind_has_its_code(string command, int code, string message)
    {
        (int actual, _, string errors) = Run(command);

        actual.Should().Be(code, errors);
        errors.Contains(message, StringComparison.Ordinal).Should().BeTrue(errors);
    }

    [Fact]
    public void Terminal_is_the_programs_and_the_other_streams_are_not()
    {
        using var lakvm = LakvmProcess.OnTerminal(
            $"cd {_directory}; stty rows 31 cols 91; $lakvm run -- "
            + "sh -c 'tty <&2 >&2; stty size <&2 >&2; echo out; sleep 1000' >out; echo code $?");
        lakvm.Expect("/dev/", Patience);
        lakvm.Expect("31 91", Patience);
        lakvm.Type("\u0003");

        lakvm.Expect("code 130", Patience).Should().NotContain("reboot:").And.NotContain("ACPI");
        File.ReadAllText(Path.Combine(_directory, "out")).Should().Be("out\n");
    }

    /// <summary>The bar: less than 1.5 times the boot to a shell.</summary>
    [Fact]
    public void Program_is_done_soon_after_a_boot_to_a_shell_would_be()
    {
        var boot = Stopwatch.StartNew();
        using (var guest = new GuestShell("host"))
        {
            boot.Stop();
        }

        var whole = Stopwatch.StartNew();
        Run("$lakvm host -- test -c /dev/kvm").Code.Should().Be(0);

        whole.Elapsed.Should().BeLessThan(boot.Elapsed * 1.5);
    }

    private (int Code, string Output, string Errors) Run(string command)
    {
        using var lakvm = LakvmProcess.OfShell($"cd {_directory}; {command}");
        lakvm.EndInput();
        return lakvm.WaitForExit(Patience);
    }
}
