using System.Diagnostics;

namespace LaKvm.User.Tests;

/// <summary>
/// Linux's own KVM selftests, unmodified, on our hypervisor: what tests/user-selftests.sh runs when it is not told.
/// </summary>
[Trait("Category", "Slow")]
public sealed class SelftestTests
{
    [Theory]
    [InlineData("translator", 1)]
    [InlineData("translator", 4)]
    public async Task Linux_selftests_pass(string engine, int cpus)
    {
        var start = new ProcessStartInfo("bash", Path.Combine(Root(), "tests", "user-selftests.sh"))
        {
            RedirectStandardOutput = true,
            Environment = { ["ENGINE"] = engine, ["CPUS"] = $"{cpus}", ["SECONDS_EACH"] = "120" },
        };
        using Process run = Process.Start(start)!;
        string output = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();

        run.ExitCode.Should().Be(0, output);
        output.Split('\n').Should().HaveCountGreaterThan(9, "each test has a line");
    }

    /// <summary>Where the sources are: above the folder of the built tests.</summary>
    private static string Root()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "LaKvm.sln")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return directory;
    }
}
