using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>A part of a kernel that belongs at one place in physical memory.</summary>
public abstract class KernelSegment
{
    private protected KernelSegment(ulong address, ulong memorySize)
    {
        Range = new RamRange(address, memorySize);
    }

    /// <summary>Where it belongs; below 2 GiB in size.</summary>
    public RamRange Range { get; }

    /// <summary>Writes contents and trailing zeros (BSS).</summary>
    /// <param name="destination">Exactly <see cref="Range"/>.Size bytes.</param>
    /// <exception cref="ImageException">The image turns out to be damaged; the destination may be half
    /// written.</exception>
    public void WriteTo(Span<byte> destination)
    {
        int written = WriteContents(destination);
        destination[written..].Clear();
    }

    /// <summary>The same segment with its bytes in memory.</summary>
    /// <exception cref="ImageException">The image turns out to be damaged.</exception>
    internal virtual KernelSegment Unpack() => this;

    /// <summary>Writes the contents to the front of the destination and returns their length.</summary>
    private protected abstract int WriteContents(Span<byte> destination);
}

/// <summary>A segment whose bytes lie in the image as they are.</summary>
internal sealed class StoredSegment(ulong address, ulong memorySize, ReadOnlyMemory<byte> contents)
    : KernelSegment(address, memorySize)
{
    internal ReadOnlyMemory<byte> Contents => contents;

    private protected override int WriteContents(Span<byte> destination)
    {
        contents.Span.CopyTo(destination);
        return contents.Length;
    }
}

/// <summary>A segment that is inflated straight into guest memory.</summary>
internal sealed class CompressedSegment(ulong address, ulong memorySize, IPayload payload)
    : KernelSegment(address, memorySize)
{
    internal override KernelSegment Unpack()
    {
        byte[] contents = GC.AllocateUninitializedArray<byte>(payload.Length);
        payload.Inflate(contents);
        return new StoredSegment(Range.Base, Range.Size, contents);
    }

    private protected override int WriteContents(Span<byte> destination)
    {
        payload.Inflate(destination[..payload.Length]);
        return payload.Length;
    }
}
