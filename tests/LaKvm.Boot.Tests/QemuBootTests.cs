using LaKvm.Cli.Tests;
using LaKvm.Tests.Support;

namespace LaKvm.Boot.Tests;

/// <summary>The command line by which LoongArch's documents start a kernel in QEMU, word for word.</summary>
[Trait("Category", "Slow")]
public sealed class QemuBootTests : IDisposable
{
    private const string Words = "-machine virt -m 4G -cpu la464 -smp 1 -bios QEMU_EFI.fd -kernel vmlinuz.efi "
        + "-initrd ramdisk -serial stdio -monitor none "
        + "-append \"root=/dev/ram rdinit=/sbin/init console=ttyS0,115200\" --nographic";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("lakvm-qemu-").FullName;

    public QemuBootTests()
    {
        GuestShell.EnsureImage();
        Link("QEMU_EFI.fd", Path.Combine(Peers.Root, "usr/share/qemu-efi-loongarch64/QEMU_EFI.fd"));
        Link("vmlinuz.efi", Path.Combine(GuestShell.ImageDirectory, "vmlinuz"));
        Link("ramdisk", Path.Combine(GuestShell.ImageDirectory, "initrd.img"));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("-accel kvm")]
    public void Documents_command_line_boots_to_a_shell(string more)
    {
        using LakvmProcess lakvm = LakvmProcess.OfShell($"cd {_directory}; exec $lakvm qemu {Words} {more}");
        lakvm.Expect("~ # ", Patience);
        lakvm.Type("dmesg | grep 'efi: EFI'; cat /proc/cmdline; grep MemTotal /proc/meminfo; echo 'do''ne'\n");
        string output = lakvm.Expect("done\r\n", Patience);
        lakvm.Type("poweroff -f\n");

        lakvm.WaitForExit(Patience).ExitCode.Should().Be(0);
        output.Should().Contain("EDK II").And.Contain("root=/dev/ram rdinit=/sbin/init console=ttyS0,115200");
        output.Should().NotContain("there is no device");
    }

    private void Link(string name, string target) =>
        File.CreateSymbolicLink(Path.Combine(_directory, name), target);
}
