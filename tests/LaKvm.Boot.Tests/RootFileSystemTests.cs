using System.Diagnostics;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary>
/// A Debian installation on a disk, from power-on over its own init to a login, under the hypervisor.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RootFileSystemTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-root-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Debian_on_a_disk_boots_to_a_login_under_the_hypervisor_and_shuts_down()
    {
        GuestShell.EnsureImage();
        string disk = Path.Combine(_directory.FullName, "root.img");
        using (Process make = Process.Start(
            Path.Combine(LakvmProcess.Root, "tests/rootfs/debian.sh"), ["sysvinit", disk]))
        {
            make.WaitForExit();
            make.ExitCode.Should().Be(0, "Debian's mirror has what the root file system is made of");
        }

        using var lakvm = new LakvmProcess(
            "run", "--cpus", "2", "--memory", "1G", "--drive", disk, "--append",
            "console=ttyS0,115200 root=/dev/vda rw");
        lakvm.Expect(" login: ", Patience);
        lakvm.Type("root\n");
        lakvm.Expect(":~# ", Patience);
        lakvm.Type("dpkg --print-architecture; mount | grep ' / '; echo status $?\n");
        string output = lakvm.Expect("status 0", Patience);
        output.Should().Contain("loong64").And.Contain("/dev/vda on / type ext4");
        lakvm.Type("poweroff\n");

        lakvm.WaitForExit(Patience).ExitCode.Should().Be(0);
    }
}
