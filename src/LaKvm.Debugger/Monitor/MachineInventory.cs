namespace LaKvm.Debugger.Monitor;

/// <summary>What a machine's board has beyond cores: commands list it, and press its button.</summary>
public interface IMachineBoard
{
    /// <summary>What the machine is made of.</summary>
    MachineInventory Inventory { get; }

    /// <summary>
    /// Tells that the power button was pressed, on the thread that did it; a handler returns at once.
    /// </summary>
    event Action? PowerButtonPressed;

    /// <summary>
    /// Presses the power button, which asks the guest to switch itself off. Any thread; waits for nothing.
    /// </summary>
    /// <returns>Whether software listens to it.</returns>
    bool PressPowerButton();
}

/// <summary>What a machine is made of, as its owner has asked for it.</summary>
public sealed record MachineInventory
{
    /// <summary>Name of the machine.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is a virtual machine of LaKvm's own hypervisor, and not the bare machine.</summary>
    public bool IsVirtual { get; init; }

    /// <summary>Number of cores or vCPUs.</summary>
    public int Cpus { get; init; }

    /// <summary>Bytes of RAM.</summary>
    public ulong Memory { get; init; }

    /// <summary>Disks.</summary>
    public IReadOnlyList<DriveInventory> Drives { get; init; } = [];

    /// <summary>What network cards are connected to.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    /// <summary>Directories for the guest: tag and path.</summary>
    public IReadOnlyList<(string Tag, string Path)> Shares { get; init; } = [];

    /// <summary>Character devices: name and what is at the other end.</summary>
    public IReadOnlyList<(string Label, string Target)> CharacterDevices { get; init; } = [];
}

/// <summary>A disk of a machine.</summary>
/// <param name="Device">Its name: drive0 and so on.</param>
/// <param name="File">File or address.</param>
/// <param name="Driver">Its format.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="IsReadOnly">Whether the guest cannot write it.</param>
public sealed record DriveInventory(string Device, string File, string Driver, ulong Bytes, bool IsReadOnly);
