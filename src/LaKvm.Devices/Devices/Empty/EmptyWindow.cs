namespace LaKvm.Devices;

/// <summary>
/// A window of the board with nothing plugged in behind it, which answers all the same: an undriven bus reads as ones,
/// and that is how a probe of an absent device ends (Linux looks for a keyboard controller at port 0x60, many kernels
/// for PCI devices).
/// </summary>
/// <param name="value">What every read returns, as far as it is wide.</param>
public sealed class EmptyWindow(ulong value) : IBusDevice
{
    /// <inheritdoc/>
    public ulong Read(ulong offset, int size) => value;

    /// <summary>Goes nowhere.</summary>
    public void Write(ulong offset, int size, ulong value)
    {
    }
}
