namespace LaKvm.Devices;

/// <summary>The legacy I/O ports, with nothing plugged in: they read as ones.</summary>
/// <param name="address">First physical address.</param>
/// <param name="size">Bytes, and number of ports.</param>
public sealed class IsaSlot(ulong address, ulong size) : BoardSlot("isa", address, size, AccessWidths.All)
{
    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) => new EmptyWindow(ulong.MaxValue);

    /// <summary>
    /// Linux maps the I/O range of a node named "isa" at the start of its port space, and in-kernel probes of fixed
    /// ports (the keyboard controller's) fault without it. The child address is 1 (I/O), port.
    /// </summary>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
    [
        BoardTree.Node(Name, Base)
            .Text("compatible", "isa")
            .Cells("#address-cells", 2)
            .Cells("#size-cells", 1)
            .Cells("ranges", 1, 0, (uint)(Base >> 32), (uint)Base, (uint)Size),
    ];
}
