namespace LaKvm.Devices;

/// <summary>A place for a virtio device with the mmio transport; devices fill the places in order.</summary>
/// <param name="index">Number of the place.</param>
/// <param name="address">First physical address.</param>
/// <param name="pin">Pin of its interrupt.</param>
public sealed class VirtioMmioSlot(int index, ulong address, int pin) : BoardSlot("virtio_mmio", address,
    VirtioMmio.Size, AccessWidths.Byte | AccessWidths.Half | AccessWidths.Word, pin, PinTrigger.Edge)
{
    /// <inheritdoc/>
    public override string Label => $"{Name}{index}";

    /// <inheritdoc/>
    public override bool IsUsed(BoardDeviceOptions options) =>
        options.Transport == VirtioTransport.Mmio && index < options.Virtio.Count;

    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring)
    {
        IDriverBell? bell = wiring.Bells?.Invoke();
        bell?.Listen(Base + VirtioMmio.QueueNotify, sizeof(uint));
        return new VirtioMmio(wiring.Options.Virtio[index], wiring.Memory, wiring.Line(this), wiring.Log, bell);
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
        [tree.Device(this, "virtio,mmio").Flag("dma-coherent")];

    /// <inheritdoc/>
    protected internal override IEnumerable<byte[]> DescribeToAcpi() =>
        [BoardAcpi.Device(this, $"VR{index:D2}", "LNRO0005", index)];
}
