namespace LaKvm.Cli.Tests;

/// <summary>What the user reads of a guest that does wrong.</summary>
public class GuestErrorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("host", "translator")]
    [InlineData("host", "interpreter")]
    [InlineData("run", "translator")]
    [InlineData("run", "interpreter")]
    public void Kernel_that_faults_without_a_handler_is_told_of_in_one_line(string mode, string engine)
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "break 3\n");
        using var lakvm = new LakvmProcess(mode, "--engine", engine, "--kernel", kernel.Path);
        lakvm.Expect("up", Patience);
        Thread.Sleep(1000);

        lakvm.Signal(15);

        (int code, string _, string errors) = lakvm.WaitForExit(Patience);
        code.Should().Be(143);
        errors.TrimEnd().Split('\n').Should().ContainSingle().Which.Should()
            .StartWith("lakvm: warning: core 0, PC 0x0: ")
            .And.Contain("INE").And.Contain("it began with BRK").And.Contain("(break 3)");
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Guest_that_does_wrong_all_the_time_gets_ten_lines_a_second_over_resets_too(string mode)
    {
        // An IOCSR register that nothing has, read a hundred times; then a reset.
        using var kernel = new TestKernel(
            "ori $s2, $zero, 100\nlu12i.w $s3, 3\n5: iocsrrd.w $t0, $s3\naddi.d $s2, $s2, -1\n"
            + "bnez $s2, 5b\n"
            + TestKernel.Print("r") + TestKernel.Reset);
        using var lakvm = new LakvmProcess(mode, "--kernel", kernel.Path);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        lakvm.Expect("rrr", Patience);

        lakvm.Signal(15);

        string[] lines = lakvm.WaitForExit(Patience).Errors.TrimEnd().Split('\n');
        lines.Length.Should().BeLessThanOrEqualTo((10 * ((int)watch.Elapsed.TotalSeconds + 1)) + 1);
        lines[0].Should().MatchRegex(
            "^lakvm: warning: core 0, PC 0x2000[0-9a-f]{2}: IOCSR read of 4 bytes at 0x3000: nothing");
        lines[^1].Should().Contain("more lines about the guest were not shown");
    }
}
