using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary>How the board is described to a kernel, and what depends on it, where that was left open.</summary>
/// <param name="Acpi">Whether ACPI tables describe it, beside the device tree.</param>
/// <param name="Virtio">How drives and network cards are reached.</param>
/// <param name="CommandLine">The kernel's command line.</param>
internal sealed record BoardChoice(bool Acpi, VirtioTransport Virtio, string CommandLine)
{
    private const string ConsoleWord = "console=";

    /// <summary>
    /// Chooses by the kernel's format. An EFI image is what distributions install: it finds the PCI bus by ACPI only,
    /// and then must be told its console, which without ACPI the device tree names. Others may know nothing but the
    /// device tree. A firmware, which stands here for no kernel, knows ACPI.
    /// </summary>
    internal static BoardChoice For(GuestOptions options, KernelImage? kernel)
    {
        bool acpi = kernel == null || (options.Acpi ?? kernel.Format is KernelFormat.Efi or KernelFormat.Zboot);
        bool hasConsole = options.Append.Split(' ').Any(word => word.StartsWith(ConsoleWord, StringComparison.Ordinal));
        return new BoardChoice(
            acpi,
            options.Virtio ?? (acpi ? VirtioTransport.Pci : VirtioTransport.Mmio),
            acpi && !hasConsole ? $"{ConsoleWord}ttyS0,115200 {options.Append}".TrimEnd() : options.Append);
    }
}
