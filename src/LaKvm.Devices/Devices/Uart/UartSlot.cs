namespace LaKvm.Devices;

/// <summary>A serial port.</summary>
/// <param name="index">Number of the port.</param>
/// <param name="address">First physical address.</param>
/// <param name="pin">Pin of its interrupt.</param>
public sealed class UartSlot(int index, ulong address, int pin)
    : BoardSlot("serial", address, 0x100, AccessWidths.Byte, pin)
{
    /// <inheritdoc/>
    public override string Label => $"{Name}{index}";

    /// <inheritdoc/>
    public override ulong RegistersSize => Uart16550.Size;

    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring)
    {
        IReadOnlyList<ISerialBackend> serial = wiring.Options.Serial;
        return new Uart16550(
            wiring.Line(this), index < serial.Count ? serial[index] : NullSerialBackend.Instance);
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
        [tree.Device(this, "ns16550a").Cells("clock-frequency", Uart16550.ClockFrequency)];

    /// <inheritdoc/>
    protected internal override IEnumerable<byte[]> DescribeToAcpi() =>
        [BoardAcpi.Device(this, $"COM{index}", "PNP0501", index, shared: true)];
}
