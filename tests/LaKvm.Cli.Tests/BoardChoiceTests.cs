using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Cli.Tests;

public class BoardChoiceTests
{
    [Fact]
    public void Program_of_one_address_sees_the_device_tree_only()
    {
        BoardChoice choice = BoardChoice.For(new GuestOptions { Append = "words" }, Raw());
        choice.Should().Be(new BoardChoice(Acpi: false, VirtioTransport.Mmio, "words"));
    }

    [Theory]
    [InlineData("", "console=ttyS0,115200")]
    [InlineData("quiet", "console=ttyS0,115200 quiet")]
    [InlineData("quiet console=tty0", "quiet console=tty0")]
    public void Kernel_with_acpi_is_told_its_console(string append, string commandLine)
    {
        BoardChoice choice = BoardChoice.For(new GuestOptions { Append = append, Acpi = true }, Raw());
        choice.Should().Be(new BoardChoice(Acpi: true, VirtioTransport.Pci, commandLine));
    }

    [Theory]
    [InlineData(true, VirtioTransport.Mmio)]
    [InlineData(false, VirtioTransport.Pci)]
    public void User_decides_about_each(bool acpi, VirtioTransport virtio)
    {
        BoardChoice choice = BoardChoice.For(new GuestOptions { Acpi = acpi, Virtio = virtio }, Raw());
        (choice.Acpi, choice.Virtio).Should().Be((acpi, virtio));
    }

    [Fact]
    public void Firmware_has_the_pci_bus() =>
        BoardChoice.For(new GuestOptions(), kernel: null).Virtio.Should().Be(VirtioTransport.Pci);

    private static KernelImage Raw()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, [1, 2, 3, 4]);
        try
        {
            return KernelImage.LoadRaw(path, 0x20_0000);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
