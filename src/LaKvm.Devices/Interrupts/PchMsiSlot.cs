namespace LaKvm.Devices;

/// <summary>The doorbell of message-signalled interrupts, which have all vectors from one on.</summary>
/// <param name="address">First physical address.</param>
/// <param name="firstVector">First vector of messages.</param>
public sealed class PchMsiSlot(ulong address, int firstVector)
    : BoardSlot("msi", address, PchMsi.Size, AccessWidths.Word)
{
    /// <summary>First vector of messages.</summary>
    public int FirstVector { get; } = firstVector;

    /// <summary>Number of vectors of messages.</summary>
    public int Vectors => Eiointc.Vectors - FirstVector;

    /// <inheritdoc/>
    protected internal override IBusDevice? Create(BoardWiring wiring) => wiring.Interrupts.Doorbell;

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
    [
        BoardTree.Controller(tree.Device(this, "loongson,pch-msi-1.0"), cells: 1)
            .Flag("msi-controller")
            .Cells("interrupt-parent", tree.VectorController)
            .Cells("loongson,msi-base-vec", (uint)FirstVector)
            .Cells("loongson,msi-num-vecs", (uint)Vectors)
            .Cells("phandle", tree.MessageController),
    ];
}
