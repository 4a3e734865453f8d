using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Vmm;

/// <summary>Where a guest's interrupt controllers are.</summary>
public enum IrqChipPlace
{
    /// <summary>In the hypervisor: interrupts between vCPUs and their acknowledgement stay inside.</summary>
    Kernel,

    /// <summary>In the VMM, which drives the vCPUs' interrupt inputs.</summary>
    User,
}

/// <summary>What a virtual machine is made of and what it boots.</summary>
public sealed record VmOptions
{
    /// <summary>Where everything is.</summary>
    public BoardLayout Layout { get; init; } = BoardLayout.QemuVirt;

    /// <summary>Number of vCPUs, 1 to <see cref="BoardLayout.MaxCores"/>.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Bytes of RAM, a multiple of <see cref="BoardLayout.RamGranule"/>.</summary>
    public ulong MemoryBytes { get; init; } = 1UL << 30;

    /// <summary>The kernel; null where the board has a firmware, which finds one itself.</summary>
    public KernelImage? Kernel { get; init; }

    /// <summary>Initial RAM disk, if any.</summary>
    public InitrdImage? Initrd { get; init; }

    /// <summary>Further files for RAM.</summary>
    public IReadOnlyList<LoadedFile> Files { get; init; } = [];

    /// <summary>Kernel command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Whether ACPI tables describe the machine, beside the device tree.</summary>
    public bool Acpi { get; init; }

    /// <summary>What is attached to the board.</summary>
    public BoardDeviceOptions Devices { get; init; } = new();

    /// <summary>Where the interrupt controllers are.</summary>
    public IrqChipPlace IrqChip { get; init; } = IrqChipPlace.Kernel;

    /// <summary>Time and chance; the counter is that of the machine under it.</summary>
    public required MachineSources Sources { get; init; }

    /// <summary>Where is reported what the guest does wrong.</summary>
    public GuestErrorLog GuestErrors { get; init; } = GuestErrorLog.Silent;
}
