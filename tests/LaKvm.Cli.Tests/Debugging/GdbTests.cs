using System.Text.RegularExpressions;
using LaKvm.Tests.Support;

namespace LaKvm.Cli.Tests;

/// <summary>A real gdb on a program with symbols, at both levels.</summary>
[Trait("Category", "Slow")]
public sealed class GdbTests : IDisposable
{
    private const string Compile =
        "loongarch64-linux-gnu-gcc -g -O1 -fno-optimize-sibling-calls -ffreestanding -nostdlib -static -no-pie"
        + " -Wl,-Ttext=0x200000,-e,_start,--build-id=none program.c start.S -o program";

    /// <summary>Each output is behind a line that says which it is.</summary>
    private const string Script = """
        set pagination off
        set confirm off
        target remote socket
        info threads
        break inner
        continue
        echo == backtrace\n
        backtrace
        print counter
        print real
        printf "crmd %#lx, pc %#lx\n", $csr_crmd, $pc
        finish
        step
        watch watched
        continue
        continue
        delete
        set var counter = 1000
        break inner
        condition 3 counter > 1005
        continue
        printf "counter %lu\n", counter
        thread 2
        backtrace 1
        printf "second core has counted: %d\n", second_core > 0
        set scheduler-locking step
        stepi
        set scheduler-locking replay
        thread 1
        echo == step over\n
        next
        monitor page-walk 0x200000
        info registers csr
        printf "fa0 %f\n", $fa0
        delete
        detach
        target remote socket
        info threads
        kill
        """;

    private readonly string _directory = Peers.CreateDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("host", "core")]
    [InlineData("run", "vCPU")]
    public void Gdb_breaks_steps_watches_and_changes(string mode, string core)
    {
        foreach (string file in new[] { "program.c", "start.S" })
        {
            File.Copy(Path.Combine(LakvmProcess.Root, "tests/LaKvm.Cli.Tests/Debugging", file), InDirectory(file));
        }

        Peers.Run(_directory, Compile);
        File.WriteAllText(InDirectory("script"), Script);
        using var lakvm = new LakvmProcess(mode, "--kernel", InDirectory("program"), "--memory", "64", "--cpus", "2",
            "--gdb", $"unix:{InDirectory("socket")}", "--wait");
        SpinWait.SpinUntil(() => File.Exists(InDirectory("socket")), TimeSpan.FromSeconds(30));

        string said = Peers.Run(_directory, "timeout 120 gdb-multiarch -q -nx -batch -x script program 2>&1");

        ShouldContainInOrder(said,
            $@"\* 1 +Thread 1.1 ""{core} 0"" .*_start \(\)", $@"  2 +Thread 1.2 ""{core} 1""",
            @"hit Breakpoint 1, inner \(depth=1\)", "== backtrace", @"#0  inner \(depth=1\)",
            @"#4  .* in outer \(depth=depth@entry=3\)", @"#5  .* in main \(\)", @"\$1 = 1", @"\$2 = 3",
            "crmd 0x8, pc 0x200000", @"Value returned is \$3 = 1", "hit Breakpoint 1, inner",
            "hit Hardware watchpoint 2: watched", "Old value = 1", "New value = 5",
            "hit Breakpoint 3, inner", "counter 1006", @"second \(\) at program.c", "second core has counted: 1",
            "== step over", "direct-address mode", @"csr_crmd +0x8 ", @"csr_cpuid +0x0 ",
            "fa0 3.0000", "detached", $@"Thread 1.1 ""{core} 0""", "killed");
        said.Should().NotContain("warning:").And.NotContain("Error");
        lakvm.WaitForExit(TimeSpan.FromSeconds(30)).ExitCode.Should().Be(0);
    }

    private string InDirectory(string file) => Path.Combine(_directory, file);

    private static void ShouldContainInOrder(string text, params string[] patterns)
    {
        int at = 0;
        foreach (string pattern in patterns)
        {
            Match match = new Regex(pattern).Match(text, at);
            match.Success.Should().BeTrue("'{0}' should be behind {1} of {2}", pattern, at, text);
            at = match.Index + match.Length;
        }
    }
}
