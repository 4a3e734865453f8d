namespace LaKvm.Cli.Tests.Qemu;

/// <summary><c>lakvm qemu</c> as a user starts it.</summary>
public sealed class QemuCommandTests
{
    [Theory]
    [InlineData("tcg")]
    [InlineData("kvm")]
    public void Kernel_runs_on_the_machine_that_the_words_describe(string accelerator)
    {
        using var kernel = new TestKernel(TestKernel.Print("hello\n") + TestKernel.PowerOff);

        LakvmProcess.Run("qemu", "-M", "virt", "-accel", accelerator, "-m", "256", "-kernel", kernel.Path, "-nographic")
            .Should().Be((0, "hello\n", ""));
    }

    [Fact]
    public void Reset_without_reboot_is_a_success_as_with_QEMU()
    {
        using var kernel = new TestKernel(TestKernel.Print("down") + TestKernel.Reset);

        LakvmProcess.Run("qemu", "-kernel", kernel.Path, "-no-reboot").Should().Be((0, "down", ""));
    }

    [Fact]
    public void Console_that_leads_nowhere_is_not_shown()
    {
        using var kernel = new TestKernel(TestKernel.Print("hello\n") + TestKernel.PowerOff);

        LakvmProcess.Run("qemu", "-kernel", kernel.Path, "-serial", "null").Should().Be((0, "", ""));
    }

    [Fact]
    public void Raw_disk_is_raw_whatever_its_content_says()
    {
        string disk = Path.GetTempFileName();
        File.WriteAllBytes(disk, [(byte)'Q', (byte)'F', (byte)'I', 0xfb, .. new byte[508]]);
        using var kernel = new TestKernel(TestKernel.PowerOff);

        LakvmProcess.Run("qemu", "-kernel", kernel.Path, "-drive", $"file={disk},format=raw").Should().Be((0, "", ""));
        LakvmProcess.Run("qemu", "-kernel", kernel.Path, "-drive", $"file={disk}").Errors.Should()
            .Contain("is a qcow2 image by its content");
        File.Delete(disk);
    }

    [Theory]
    [InlineData("-icount auto", "lakvm: -icount: this option is not known here")]
    [InlineData("-m 1G", "lakvm: there is nothing to begin with: -kernel or -bios")]
    [InlineData("-kernel /nonexistent", "there is no file '/nonexistent'")]
    public void Mistake_is_one_sentence_and_exit_code_1(string words, string message)
    {
        (int exitCode, string output, string errors) = LakvmProcess.Run(["qemu", .. words.Split(' ')]);

        (exitCode, output).Should().Be((ExitCode.Failure, ""));
        errors.Should().Contain(message).And.EndWith(".\n");
        errors.Split('\n').Should().HaveCount(2);
    }

    [Theory]
    [InlineData("-help")]
    [InlineData("--help")]
    [InlineData("-h")]
    public void Help_lists_the_options(string word)
    {
        (int exitCode, string output, string errors) = LakvmProcess.Run("qemu", word);

        (exitCode, errors).Should().Be((0, ""));
        output.Should().Contain("-machine [type=]virt").And.Contain("-nographic");
    }
}
