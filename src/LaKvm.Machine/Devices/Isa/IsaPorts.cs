namespace LaKvm.Machine;

/// <summary>
/// The legacy I/O ports. Nothing is plugged in, and an undriven ISA data bus reads as ones: that is how a probe of an
/// absent device (Linux looks for a keyboard controller at 0x60) ends quickly.
/// </summary>
public sealed class IsaPorts : IBusDevice
{
    /// <inheritdoc/>
    public ulong Read(ulong offset, int size) => ulong.MaxValue;

    /// <summary>Goes nowhere.</summary>
    public void Write(ulong offset, int size, ulong value)
    {
    }
}
