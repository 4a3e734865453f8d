using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary>Debian's kernel finds the power button by ACPI, and the packaged guest heeds it.</summary>
[Trait("Category", "Slow")]
public sealed class PowerButtonBootTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    [InlineData("run", "--irqchip", "user")]
    public void SIGTERM_shuts_the_packaged_guest_down(params string[] command)
    {
        using var guest = new GuestShell(command);
        guest.Run("until pidof head; do sleep 0.1; done");

        guest.Signal(15);

        guest.WaitForExit().Should().Be(0);
    }

    [Fact]
    public void Machine_without_ACPI_has_no_button_and_is_ended()
    {
        using var guest = new GuestShell("host", "--acpi", "off");

        guest.Signal(15);

        guest.WaitForExit().Should().Be(143);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(15)]
    public void SIGTERM_is_handed_to_a_program_in_the_guest(double seconds)
    {
        GuestShell.EnsureImage();
        using LakvmProcess lakvm = LakvmProcess.OfShell("exec $lakvm run -- sleep 1000");
        Thread.Sleep(TimeSpan.FromSeconds(seconds));

        lakvm.Signal(15);

        lakvm.WaitForExit(Patience).Should().Be((143, "", ""));
    }
}
