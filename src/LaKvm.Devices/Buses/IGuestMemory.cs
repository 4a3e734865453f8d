using LaKvm.Memory;

namespace LaKvm.Devices;

/// <summary>
/// RAM as devices reach it (DMA), by physical address of the machine they sit in. Any thread. Copies of 2, 4 or 8 bytes
/// at a multiple of their size are single accesses: nobody sees half of one.
/// </summary>
public interface IGuestMemory
{
    /// <summary>Whether a range lies in RAM. An empty range does everywhere.</summary>
    bool Contains(ulong address, ulong length);

    /// <summary>Copies out of RAM. False, with the destination undefined, if the range does not lie in RAM.</summary>
    bool Read(ulong address, Span<byte> destination);

    /// <summary>
    /// Copies into RAM, and tells whoever keeps something about its content (decoded instructions, dirty pages). False,
    /// with nothing written, if the range does not lie in RAM.
    /// </summary>
    bool Write(ulong address, ReadOnlySpan<byte> source);
}

/// <summary>DMA of the bare machine.</summary>
/// <param name="memory">The machine's RAM.</param>
public sealed class PhysicalGuestMemory(PhysicalMemory memory) : IGuestMemory
{
    /// <inheritdoc/>
    public bool Contains(ulong address, ulong length)
    {
        RamBlock? block = memory.Find(address);
        return length == 0 || (block != null && length <= block.Size - (address - block.Base));
    }

    /// <inheritdoc/>
    public bool Read(ulong address, Span<byte> destination)
    {
        if (!Contains(address, (ulong)destination.Length))
        {
            return false;
        }

        SingleCopy.Copy(memory.Span(address, (ulong)destination.Length), destination);
        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong address, ReadOnlySpan<byte> source)
    {
        if (!Contains(address, (ulong)source.Length) || memory.Find(address)?.ReadOnly == true)
        {
            return false;
        }

        SingleCopy.Copy(source, memory.Span(address, (ulong)source.Length));
        memory.Written(address, (ulong)source.Length);
        return true;
    }
}
