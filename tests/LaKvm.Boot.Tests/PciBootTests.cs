namespace LaKvm.Boot.Tests;

/// <summary>Debian's kernel on the board that ACPI describes, and on the one that the device tree describes.</summary>
[Trait("Category", "Slow")]
public class PciBootTests
{
    private const int Megabytes = 32;

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    [InlineData("run", "--irqchip", "user")]
    public void Drives_are_on_the_pci_bus_and_interrupt_by_messages(params string[] command)
    {
        string disk = Disk(), same = Disk();
        try
        {
            using var guest = new GuestShell(
                [.. command, "--cpus", "2", "--memory", "1G", "--drive", disk, "--drive", same + ",readonly"]);

            guest.Run("cd /sys/bus/pci/devices; cat */vendor */device; cd").Split().Should()
                .ContainInOrder("0x1b36", "0x1af4", "0x1af4", "0x0008", "0x1042", "0x1042");
            guest.Run("sha256sum < /dev/vda; sha256sum < /dev/vdb").Trim().Split('\n')
                .Distinct().Should().ContainSingle("both hold the same");
            guest.Run("grep MSIX.*:01.0 /proc/interrupts").Should()
                .Contain("virtio0-config").And.Contain("virtio0-req.0");
            guest.Run("awk '/o1-req/ { print ($2 + $3 > 0) }' /proc/interrupts").Trim().Should().Be("1");
            guest.Run("dmesg | grep -E 'BUG|WARN|Oops|ACPI Err'").Trim().Should().BeEmpty();
            guest.Run("ls /sys/bus/acpi/devices | grep PNP0C0C").Should().Contain("PNP0C0C:00");
            guest.Run("date +%Y").Trim().Should().NotBe("1970");
            guest.Type("exit 7");

            guest.WaitForExit().Should().Be(7);
        }
        finally
        {
            File.Delete(disk);
            File.Delete(same);
        }
    }

    [Theory]
    [InlineData("host", "off", "mmio")]
    [InlineData("run", "off", "mmio")]
    [InlineData("run", "on", "mmio")]
    public void Drives_are_at_addresses_of_the_board_where_asked_for(string command, string acpi, string virtio)
    {
        string disk = Disk();
        try
        {
            using var guest = new GuestShell(
                command, "--memory", "1G", "--drive", disk, "--acpi", acpi, "--virtio", virtio);

            guest.Run("readlink -f /sys/block/vda").Should().Contain(acpi == "on" ? "LNRO0005" : "virtio_mmio");
            guest.Run("dd if=/dev/vda of=/dev/null bs=1M 2>&1 | head -n1").Trim().Should()
                .Be($"{Megabytes}+0 records in");
            guest.Type("exit 7");

            guest.WaitForExit().Should().Be(7);
        }
        finally
        {
            File.Delete(disk);
        }
    }

    private static string Disk()
    {
        string path = Path.GetTempFileName();
        byte[] content = new byte[Megabytes << 20];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(path, content);
        return path;
    }
}
