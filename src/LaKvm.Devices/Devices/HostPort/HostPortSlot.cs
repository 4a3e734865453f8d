namespace LaKvm.Devices;

/// <summary>Exit code and terminal size of the program around the machine.</summary>
/// <param name="address">First physical address.</param>
public sealed class HostPortSlot(ulong address) : BoardSlot("host-port", address, HostPort.Size, AccessWidths.Word)
{
    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) => new HostPort(wiring.Options.Terminal);

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) => [tree.Device(this, "lakvm,host-port")];

    /// <inheritdoc/>
    protected internal override IEnumerable<byte[]> DescribeToAcpi() =>
        [BoardAcpi.Device(this, "HOST", "LAKV0001", 0)];
}
