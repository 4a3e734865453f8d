using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary>Directories of the host, as Linux's v9fs in the guest sees them.</summary>
[Trait("Category", "Slow")]
public sealed class ShareTests : IDisposable
{
    private readonly string _top = Directory.CreateTempSubdirectory("lakvm-shared-").FullName;
    private readonly string _root;

    public ShareTests()
    {
        _root = Path.Combine(_top, "root");
        Directory.CreateDirectory(_root);
        string checks = Path.Combine(LakvmProcess.Root, "tests/LaKvm.Boot.Tests/Shares/checks.sh");
        File.Copy(checks, Path.Combine(_root, "checks.sh"));
    }

    public void Dispose() => Directory.Delete(_top, recursive: true);

    [Theory]
    [InlineData("host", "")]
    [InlineData("run", "")]
    [InlineData("host", ",cache=mmap")]
    public void Share_behaves_as_a_file_system(string command, string options)
    {
        using var guest = new GuestShell(command, "--memory", "1G", "--share", $"{_root},tag=work");
        Mount(guest, options);

        string output = guest.Run("sh /mnt/checks.sh /mnt", TimeSpan.FromMinutes(5));
        guest.Type("poweroff -f");

        output.Trim().Should().MatchRegex("^[0-9]+ checks$");
        guest.WaitForExit().Should().Be(0);
        Directory.GetFileSystemEntries(_root).Should().HaveCount(1);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Guest_stays_in_the_directory_and_a_read_only_one_stays_as_it_is(string command)
    {
        File.WriteAllText(Path.Combine(_top, "secret"), "secret");
        File.CreateSymbolicLink(Path.Combine(_root, "up"), "../secret");
        File.CreateSymbolicLink(Path.Combine(_root, "out"), _top);
        using var guest = new GuestShell(command, "--memory", "1G", "--share", $"{_root},tag=work,readonly");
        Mount(guest);

        guest.Run("cat /mnt/up; cat /mnt/out/secret; cat /mnt/../secret").Should().NotContain("secret\n");
        guest.Run("echo x >/mnt/new; rm /mnt/checks.sh; chmod 0 /mnt/checks.sh; echo x >>/mnt/checks.sh")
            .Should().Contain("Read-only file system");
        guest.Type("poweroff -f");

        guest.WaitForExit().Should().Be(0);
        Directory.GetFileSystemEntries(_root).Should().HaveCount(3);
    }

    private static void Mount(GuestShell guest, string options = "") =>
        guest.Run($"mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576{options} work /mnt; echo done")
            .Trim().Should().Be("done");
}
