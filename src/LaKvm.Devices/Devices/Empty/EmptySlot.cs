namespace LaKvm.Devices;

/// <summary>
/// A place where other boards have something, and nothing is plugged in here. A kernel is not told of it; one that
/// knows the address finds no device.
/// </summary>
/// <param name="name">What is at that place elsewhere.</param>
/// <param name="address">First physical address.</param>
/// <param name="size">Bytes.</param>
/// <param name="value">What every read returns, as far as it is wide.</param>
public sealed class EmptySlot(string name, ulong address, ulong size, ulong value)
    : BoardSlot(name, address, size, AccessWidths.All)
{
    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) => new EmptyWindow(value);

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) => [];
}
