using LaKvm.Memory;

namespace LaKvm.Machine.Loading;

/// <summary>Physical addresses [<paramref name="Base"/>, <paramref name="Base"/> + <paramref name="Size"/>).</summary>
/// <param name="Base">First address.</param>
/// <param name="Size">Bytes; <paramref name="Base"/> + <paramref name="Size"/> does not wrap.</param>
public readonly record struct RamRange(ulong Base, ulong Size)
{
    /// <summary>First address behind the range.</summary>
    public ulong End => Base + Size;

    /// <summary>True if all bytes of <paramref name="other"/> are in this range.</summary>
    public bool Contains(RamRange other) => other.Base >= Base && other.End <= End && other.End >= other.Base;

    /// <summary>True if the ranges share a byte.</summary>
    public bool Overlaps(RamRange other) => Base < other.End && other.Base < End;
}

/// <summary>
/// Guest RAM as a loader sees it, whoever owns it: the bare machine's memory or a VMM's mapping of a guest's slots.
/// </summary>
public interface IGuestRam
{
    /// <summary>All RAM in order of address, without overlaps, each range made of 4 KiB pages.</summary>
    IReadOnlyList<RamRange> Ranges { get; }

    /// <summary>
    /// Host memory of <paramref name="length"/> bytes at a physical address, about to be written. The caller keeps within one
    /// range of <see cref="Ranges"/> and below 2 GiB; otherwise the span is empty.
    /// </summary>
    Span<byte> Writable(ulong physicalAddress, ulong length);
}

/// <summary>The bare machine's memory as a loader sees it.</summary>
public sealed class PhysicalMemoryRam(PhysicalMemory memory) : IGuestRam
{
    /// <inheritdoc/>
    public IReadOnlyList<RamRange> Ranges { get; } = [.. memory.Blocks.Select(block => new RamRange(block.Base, block.Size))];

    /// <inheritdoc/>
    public Span<byte> Writable(ulong physicalAddress, ulong length)
    {
        Span<byte> span = memory.Span(physicalAddress, length);
        if (!span.IsEmpty)
        {
            // A reboot loads over code that cores have decoded.
            memory.Written(physicalAddress, length);
        }

        return span;
    }
}
