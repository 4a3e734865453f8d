using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>The bridge's doorbell for message-signalled interrupts: the 32-bit data written is the vector.</summary>
/// <param name="vectors">Where the messages go.</param>
/// <param name="firstVector">First vector that messages may use.</param>
/// <param name="count">Number of vectors that messages may use.</param>
/// <param name="log">Reports other vectors.</param>
public sealed class PchMsi(IVectorSink vectors, int firstVector, int count, GuestErrorLog log) : IBusDevice
{
    /// <summary>Bytes of the window.</summary>
    public const ulong Size = 8;

    /// <summary>Reads as 0: the doorbell has no state.</summary>
    public ulong Read(ulong offset, int size) => 0;

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset != 0)
        {
            return;
        }

        if (value - (ulong)firstVector < (ulong)count)
        {
            vectors.Trigger((int)value);
        }
        else
        {
            log.Report($"PCH-MSI: message with vector {value}");
        }
    }
}
