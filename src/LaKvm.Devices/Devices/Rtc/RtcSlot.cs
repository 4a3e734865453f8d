namespace LaKvm.Devices;

/// <summary>The bridge's real-time clock.</summary>
/// <param name="address">First physical address.</param>
/// <param name="pin">Pin of its interrupt.</param>
public sealed class RtcSlot(ulong address, int pin) : BoardSlot("rtc", address, 0x100, AccessWidths.Word, pin)
{
    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) =>
        new Ls7aRtc(wiring.Line(this), wiring.Calendar);

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
        [tree.Device(this, "loongson,ls7a-rtc")];

    /// <inheritdoc/>
    protected internal override IEnumerable<byte[]> DescribeToAcpi() =>
        [BoardAcpi.Device(this, "RTC", "LOON0001", 0)];
}
