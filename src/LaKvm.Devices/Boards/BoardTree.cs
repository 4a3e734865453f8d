namespace LaKvm.Devices;

/// <summary>
/// What slots need to describe themselves in a device tree: names for nodes, and references between them.
/// </summary>
public sealed class BoardTree
{
    private uint _handles;

    internal BoardTree(BoardDeviceOptions devices)
    {
        Devices = devices;
        VectorController = NewHandle();
        PinController = NewHandle();
        MessageController = NewHandle();
    }

    /// <summary>What is attached.</summary>
    public BoardDeviceOptions Devices { get; }

    /// <summary>Handle of the controller that takes vectors, the EIOINTC.</summary>
    public uint VectorController { get; }

    /// <summary>Handle of the controller that takes pins, the PCH-PIC.</summary>
    public uint PinController { get; }

    /// <summary>Handle of the controller that takes messages, the PCH-MSI.</summary>
    public uint MessageController { get; }

    /// <summary>A handle for a node that others refer to.</summary>
    public uint NewHandle() => ++_handles;

    /// <summary>A node at an address.</summary>
    public static FdtNode Node(string name, ulong address) => new($"{name}@{address:x}");

    /// <summary>A device with registers and perhaps an interrupt.</summary>
    public FdtNode Device(BoardSlot slot, string compatible)
    {
        FdtNode node = Node(slot.Name, slot.Base).Text("compatible", compatible).Wide("reg", slot.Base, slot.Size);
        return slot.Pin == BoardSlot.NoPin
            ? node
            : node.Cells("interrupt-parent", PinController).Cells("interrupts", (uint)slot.Pin, (uint)slot.Trigger);
    }

    /// <summary>Makes a node an interrupt controller whose specifiers have that many cells.</summary>
    public static FdtNode Controller(FdtNode node, uint cells) =>
        node.Flag("interrupt-controller").Cells("#interrupt-cells", cells).Cells("#address-cells", 0);
}
