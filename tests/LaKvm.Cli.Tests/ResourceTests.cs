using System.Text.RegularExpressions;

namespace LaKvm.Cli.Tests;

/// <summary>What a run takes of the computer, and what it leaves behind.</summary>
public sealed class ResourceTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-resources-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("host --cpus 2")]
    [InlineData("run --cpus 2")]
    [InlineData("run --irqchip user --engine interpreter")]
    public void Resets_take_no_more_memory_threads_and_files_than_one_boot(string command)
    {
        using var kernel = new TestKernel(TestKernel.Print("boot\n") + TestKernel.Reset);
        using var lakvm = new LakvmProcess([.. command.Split(' '), "--memory", "64M", "--kernel", kernel.Path]);
        WaitForBoots(lakvm, 20);
        (long addresses, long resident, int threads, int files) before = Usage(lakvm.Id);

        WaitForBoots(lakvm, 120);

        (long addresses, long resident, int threads, int files) after = Usage(lakvm.Id);
        // The C library gives threads that meet at its allocator 64 MiB of addresses each, at most 16 times; a hundred
        // code caches are several times as much.
        (after.addresses - before.addresses).Should().BeLessThan(1500 << 10, "KiB of addresses stay in bounds");
        (after.resident - before.resident).Should().BeLessThan(60 << 10, "KiB of memory stay within a machine's");
        after.threads.Should().BeLessThan(before.threads + 10);
        after.files.Should().BeLessThan(before.files + 10);
    }

    [Fact]
    public void Nothing_is_left_of_a_process_that_is_killed()
    {
        string disk = Path.Combine(_directory.FullName, "disk"),
            temporary = _directory.CreateSubdirectory("tmp").FullName;
        File.WriteAllBytes(disk, new byte[1 << 20]);
        using var kernel = new TestKernel(TestKernel.Print("up") + "3: b 3b\n");
        using LakvmProcess lakvm = LakvmProcess.OfShell(
            $"export TMPDIR={temporary}; exec $lakvm host --kernel {kernel.Path} --drive {disk},snapshot");
        lakvm.Expect("up", Patience);

        lakvm.Signal(9);
        lakvm.WaitForExit(Patience);

        Directory.EnumerateFileSystemEntries(temporary).Should().BeEmpty();
    }

    [Fact]
    public void Trace_and_statistics_are_for_their_owner_alone()
    {
        string trace = Path.Combine(_directory.FullName, "trace"), stat = Path.Combine(_directory.FullName, "stat");
        using var kernel = new TestKernel(TestKernel.PowerOff);

        LakvmProcess.Run("run", "--kernel", kernel.Path, "--trace", trace, "--stat", stat).ExitCode.Should().Be(0);

        File.GetUnixFileMode(trace).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(stat).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData("ulimit -n 40", "the process may have 40 open files (ulimit -n)")]
    [InlineData("ulimit -n 199", "the process may have 199 open files (ulimit -n)")]
    [InlineData("ulimit -v 6000000", "the process may have 5859.4 MiB of addresses (ulimit -v)")]
    [InlineData("export TMPDIR=/nonexistent/directory", "no temporary file can be made in '/nonexistent/directory'")]
    public void Limit_that_is_met_is_named_in_one_sentence(string limit, string sentence)
    {
        string disk = Path.Combine(_directory.FullName, "disk");
        File.WriteAllBytes(disk, new byte[1 << 20]);
        using var kernel = new TestKernel(TestKernel.PowerOff);
        using LakvmProcess lakvm = LakvmProcess.OfShell(
            $"{limit}; exec $lakvm run --kernel {kernel.Path} --memory 5G --drive {disk},snapshot");

        (int exitCode, string output, string errors) = lakvm.WaitForExit(Patience);

        (exitCode, output).Should().Be((ExitCode.Failure, ""));
        errors.TrimEnd().Should().StartWith("lakvm: ").And.Contain(sentence).And.NotContain("\n");
    }

    private static void WaitForBoots(LakvmProcess lakvm, int count) =>
        SpinWait.SpinUntil(() => Regex.Count(lakvm.Output, "boot") >= count, Patience).Should()
        .BeTrue("it resets and resets");

    private static (long Addresses, long Resident, int Threads, int Files) Usage(int process)
    {
        string status = File.ReadAllText($"/proc/{process}/status");
        return (Value("VmSize"), Value("VmRSS"), (int)Value("Threads"),
            Directory.GetFiles($"/proc/{process}/fd").Length);

        long Value(string name) =>
            long.Parse(Regex.Match(status, $@"^{name}:\s+([0-9]+)", RegexOptions.Multiline).Groups[1].Value);
    }
}
