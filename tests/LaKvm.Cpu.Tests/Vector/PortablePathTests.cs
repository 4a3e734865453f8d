using System.Diagnostics;

namespace LaKvm.Cpu.Tests.Vector;

/// <summary>
/// Semantics written with .NET's vectors run on any host: without vector instructions the portable code does.
/// </summary>
public sealed class PortablePathTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public void Recorded_vectors_match_without_host_vector_instructions()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                "vstest",
                typeof(PortablePathTests).Assembly.Location,
                $"--TestCaseFilter:FullyQualifiedName~{nameof(Conformance.InstructionVectorTests)}",
            },
            Environment = { ["DOTNET_EnableHWIntrinsic"] = "0" },
            RedirectStandardOutput = true,
        };
        using Process run = Process.Start(start)!;
        string output = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        run.ExitCode.Should().Be(0, output);
        output.Should().Contain("Passed!");
    }
}
