namespace LaKvm.Devices;

/// <summary>The interrupt controller of the bridge's pins; the vector of a pin is its number.</summary>
/// <param name="address">First physical address.</param>
/// <param name="pins">Number of pins.</param>
public sealed class PchPicSlot(ulong address, int pins) : BoardSlot("platic", address, PchPic.Size, AccessWidths.All)
{
    /// <summary>Number of pins.</summary>
    public int Pins { get; } = pins;

    /// <inheritdoc/>
    protected internal override IBusDevice? Create(BoardWiring wiring) => wiring.Interrupts.PinRegisters;

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
    [
        BoardTree.Controller(tree.Device(this, "loongson,pch-pic-1.0"), cells: 2)
            .Cells("interrupt-parent", tree.VectorController)
            .Cells("loongson,pic-base-vec", 0)
            .Cells("phandle", tree.PinController),
    ];
}
