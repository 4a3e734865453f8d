using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>
/// Where message-signalled interrupts go. A message is a write of 32 bits to the address that software has chosen: the
/// board's doorbell, or RAM. Nothing else is reached, so that no function's message ends in registers of another one.
/// </summary>
/// <param name="memory">RAM.</param>
/// <param name="doorbell">The doorbell's registers.</param>
/// <param name="range">Where those are.</param>
internal sealed class PciMessages(IGuestMemory memory, IBusDevice doorbell, RamRange range)
{
    /// <summary>Sends a message. Any thread.</summary>
    internal void Send(ulong address, uint data)
    {
        if (range.Contains(new RamRange(address, sizeof(uint))))
        {
            doorbell.Write(address - range.Base, sizeof(uint), data);
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, data);
        memory.Write(address, bytes);
    }
}
