using LaKvm.Devices;
using LaKvm.Memory;

namespace LaKvm.Boot;

/// <summary>
/// Guest RAM as a loader sees it, whoever owns it: the bare machine's memory or a VMM's mapping of a guest's slots.
/// </summary>
public interface IGuestRam
{
    /// <summary>All RAM in order of address, without overlaps, each range made of 4 KiB pages.</summary>
    IReadOnlyList<RamRange> Ranges { get; }

    /// <summary>
    /// Host memory of <paramref name="length"/> bytes at a physical address, about to be written. The caller keeps
    /// within one range of <see cref="Ranges"/> and below 2 GiB; otherwise the span is empty.
    /// </summary>
    Span<byte> Writable(ulong physicalAddress, ulong length);
}

/// <summary>The bare machine's memory as a loader sees it.</summary>
public sealed class PhysicalMemoryRam(PhysicalMemory memory) : IGuestRam
{
    /// <inheritdoc/>
    public IReadOnlyList<RamRange> Ranges { get; } =
        [.. memory.Blocks.Where(block => !block.ReadOnly).Select(block => new RamRange(block.Base, block.Size))];

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
