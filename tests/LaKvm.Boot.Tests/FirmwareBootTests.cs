using LaKvm.Tests.Support;

namespace LaKvm.Boot.Tests;

/// <summary>Debian's EDK2 from the reset vector, and Debian's kernel started by it.</summary>
[Trait("Category", "Slow")]
public class FirmwareBootTests
{
    private const string Variable = "/sys/firmware/efi/efivars/Test-12345678-1234-1234-1234-123456789abc";
    private const string MountVariables = "mount -t efivarfs efivarfs /sys/firmware/efi/efivars";

    [Theory]
    [InlineData("host", 1)]
    [InlineData("host", 4)]
    [InlineData("run", 1)]
    [InlineData("run", 4)]
    public void Firmware_starts_the_kernel_and_keeps_its_variables(string command, int cpus)
    {
        string variables = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using (GuestShell guest = Boot(command, cpus, variables))
            {
                guest.Run("nproc").Trim().Should().Be($"{cpus}");
                guest.Run("dmesg | grep 'efi: EFI'").Should().Contain("EDK II");
                guest.Run("cat /sys/class/dmi/id/sys_vendor").Trim().Should().Be("LaKvm");
                guest.Run("cat /sys/class/rtc/rtc0/name").Should().Contain("rtc-efi");
                guest.Run("dmesg | grep -E 'BUG|WARNING|Oops|ACPI Error'").Trim().Should().BeEmpty();
                guest.Run($"{MountVariables}; printf '\\7\\0\\0\\0kept' > {Variable}; echo done").Should()
                    .Contain("done");
                guest.Type("poweroff -f");
                guest.WaitForExit().Should().Be(0);
            }

            new FileInfo(variables).Length.Should().Be(16 << 20);
            using (GuestShell again = Boot(command, cpus, variables))
            {
                again.Run($"{MountVariables}; tail -c 4 {Variable}").Trim().Should().Be("kept");
                again.Type("poweroff -f");
                again.WaitForExit().Should().Be(0);
            }
        }
        finally
        {
            File.Delete(variables);
        }
    }

    private static GuestShell Boot(string command, int cpus, string variables)
    {
        GuestShell.EnsureImage();
        string image = GuestShell.ImageDirectory;
        return new GuestShell(command, "--cpus", $"{cpus}", "--memory", "1G",
            "--firmware", Path.Combine(Peers.Root, "usr/share/qemu-efi-loongarch64/QEMU_EFI.fd"),
            "--nvram", variables,
            "--kernel", Path.Combine(image, "vmlinuz"), "--initrd", Path.Combine(image, "initrd.img"),
            "--append", "console=ttyS0,115200");
    }
}
