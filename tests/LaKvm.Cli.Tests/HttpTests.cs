using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LaKvm.Cli.Tests;

/// <summary>--api and --web as users find them; the process is confined.</summary>
public sealed class HttpTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory().FullName;
    private readonly TestKernel _kernel = new(TestKernel.Print("up") + "3: addi.d $a0, $a0, 1\nb 3b\n");

    public void Dispose()
    {
        _kernel.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Examples_of_the_documents_work(string mode)
    {
        using LakvmProcess lakvm = Start(mode, "--api", $"unix:{_directory}/api.sock", "--sandbox", "on");
        lakvm.Expect("up", _patience);
        string[] examples = [.. File.ReadLines(Path.Combine(LakvmProcess.Root, "docs/control.md"))
            .Select(line => line.Trim()).Where(line => line.StartsWith("$ curl", StringComparison.Ordinal))];
        examples.Should().HaveCountGreaterThan(10);
        foreach (string example in examples)
        {
            string answer = Shell(example["$ curl".Length..]);
            if (example.Contains("/metrics"))
            {
                answer.Should().Contain("lakvm_running 1");
            }
            else
            {
                JsonNode.Parse(answer)!.Should().NotBeNull();
            }
        }

        lakvm.WaitForExit(_patience).ExitCode.Should().Be(0, "the last example switches the machine off");
    }

    [Fact]
    public void Counters_of_exits_grow_while_a_guest_runs()
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "5: ld.bu $t0, $s0, 5\nb 5b\n");
        using LakvmProcess lakvm = new(
            ["run", "--kernel", kernel.Path, "--memory", "64", "--api", $"unix:{_directory}/api.sock"]);
        lakvm.Expect("up", _patience);
        ulong first = Mmio();
        Thread.Sleep(200);

        Mmio().Should().BeGreaterThan(first);

        ulong Mmio()
        {
            JsonNode sample = JsonNode.Parse(Shell("--unix-socket api.sock http://lakvm/api/v1/statistics"))!;
            return sample["exits"]!.AsArray().Where(exit => exit!["kind"]!.GetValue<string>().StartsWith("mmio"))
                .Aggregate(0UL, (sum, exit) => sum + exit!["count"]!.GetValue<ulong>());
        }
    }

    [Fact]
    public void Address_in_use_is_one_sentence()
    {
        using LakvmProcess first = Start("host", "--api", $"unix:{_directory}/api.sock");
        first.Expect("up", _patience);

        (int code, _, string errors) = LakvmProcess.Run(
            "host", "--kernel", _kernel.Path, "--api", $"unix:{_directory}/api.sock");

        code.Should().Be(ExitCode.Failure);
        errors.Should().Contain($"--api: nobody can listen on {_directory}/api.sock:");
    }

    private LakvmProcess Start(string mode, params string[] more) =>
        new([mode, "--kernel", _kernel.Path, "--memory", "64", .. more]);

    private string Shell(string arguments)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"curl --silent --show-error --fail {arguments}"])
        {
            WorkingDirectory = _directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process curl = Process.Start(start)!;
        string answer = curl.StandardOutput.ReadToEnd();
        string errors = curl.StandardError.ReadToEnd();
        curl.WaitForExit();
        curl.ExitCode.Should().Be(0, errors);
        return answer;
    }
}
