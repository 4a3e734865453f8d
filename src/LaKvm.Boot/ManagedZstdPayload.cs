using ZstdSharp;
using ZstdSharp.Unsafe;

namespace LaKvm.Boot;

/// <summary>
/// A Zstandard frame, inflated in C#: slower than <see cref="ZstdPayload"/>, for computers without libzstd.
/// </summary>
internal sealed class ManagedZstdPayload(ReadOnlyMemory<byte> compressed, int length) : IPayload
{
    public int Length => length;

    public void Peek(Span<byte> start)
    {
        try
        {
            using var frame = new DecompressionStream(new MemoryStream(compressed.ToArray(), writable: false));
            frame.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, ZstdPayload.WindowLogMax);
            frame.ReadExactly(start);
        }
        catch (Exception e) when (e is ZstdException or EndOfStreamException)
        {
            throw ZstdPayload.Damaged(e.Message);
        }
    }

    public unsafe void Inflate(Span<byte> destination)
    {
        try
        {
            using var frame = new Decompressor();
            int written = frame.Unwrap(compressed.Span[..FrameLength()], destination);
            if (written != destination.Length)
            {
                throw ZstdPayload.Damaged($"it has {written} bytes instead of {destination.Length}");
            }
        }
        catch (ZstdException e)
        {
            throw ZstdPayload.Damaged(e.Message);
        }
    }

    /// <summary>What follows the frame is not the kernel's.</summary>
    private unsafe int FrameLength()
    {
        fixed (byte* source = compressed.Span)
        {
            nuint frame = Methods.ZSTD_findFrameCompressedSize(source, (nuint)compressed.Length);
            return Methods.ZSTD_isError(frame) ? throw ZstdPayload.Damaged("it is no frame") : (int)frame;
        }
    }
}
