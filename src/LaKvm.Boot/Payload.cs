using System.IO.Compression;
using System.Runtime.InteropServices;

namespace LaKvm.Boot;

/// <summary>Compressed contents whose length is known.</summary>
internal interface IPayload
{
    /// <summary>Bytes when inflated.</summary>
    int Length { get; }

    /// <summary>Inflates only the first bytes.</summary>
    /// <exception cref="ImageException">Damaged data.</exception>
    void Peek(Span<byte> start);

    /// <summary>Inflates everything into exactly <see cref="Length"/> bytes.</summary>
    /// <exception cref="ImageException">Damaged data, or not that many bytes.</exception>
    void Inflate(Span<byte> destination);
}

/// <summary>A gzip stream, inflated by the runtime's zlib.</summary>
internal sealed class GzipPayload(ReadOnlyMemory<byte> compressed, int length) : IPayload
{
    public int Length => length;

    public void Peek(Span<byte> start) => Read(start, atEnd: false);

    public void Inflate(Span<byte> destination) => Read(destination, atEnd: true);

    private void Read(Span<byte> destination, bool atEnd)
    {
        using var gzip = new GZipStream(AsStream(compressed), CompressionMode.Decompress);
        try
        {
            gzip.ReadExactly(destination);
            if (atEnd && gzip.ReadByte() >= 0)
            {
                throw new ImageException("The compressed kernel is longer than it says.");
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new ImageException("The compressed kernel is damaged.", e);
        }
    }

    private static MemoryStream AsStream(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(memory.ToArray(), writable: false);
}

/// <summary>
/// A Zstandard frame, inflated by libzstd. Linux compresses with level 22, whose matches reach back up to 128 MiB; the
/// one-call decompression uses the destination itself as the window and so copies nothing.
/// </summary>
internal sealed class ZstdPayload(ReadOnlyMemory<byte> compressed, int length) : IPayload
{
    internal const int WindowLogMax = 27;

    public int Length => length;

    public unsafe void Peek(Span<byte> start)
    {
        using var context = new ZstdContext();
        Check(Zstd.SetParameter(context.Handle, Zstd.ParameterWindowLogMax, WindowLogMax));
        fixed (byte* source = compressed.Span, destination = start)
        {
            var input = new Zstd.Buffer { Data = source, Size = (nuint)compressed.Length };
            var output = new Zstd.Buffer { Data = destination, Size = (nuint)start.Length };
            while (output.Position < output.Size)
            {
                nuint before = input.Position + output.Position;
                Check(Zstd.DecompressStream(context.Handle, &output, &input));
                if (input.Position + output.Position == before)
                {
                    throw Damaged("it ends early");
                }
            }
        }
    }

    public unsafe void Inflate(Span<byte> destination)
    {
        using var context = new ZstdContext();
        fixed (byte* source = compressed.Span, target = destination)
        {
            nuint frame = Check(Zstd.FrameCompressedSize(source, (nuint)compressed.Length));
            nuint written = Check(Zstd.Decompress(context.Handle, target, (nuint)destination.Length, source, frame));
            if (written != (nuint)destination.Length)
            {
                throw Damaged($"it has {written} bytes instead of {destination.Length}");
            }
        }
    }

    private static nuint Check(nuint result) =>
        Zstd.IsError(result) == 0
        ? result
        : throw Damaged(Marshal.PtrToStringAnsi(Zstd.ErrorName(result)) ?? "unknown error");

    internal static ImageException Damaged(string reason) => new($"The compressed kernel is damaged: {reason}.");
}
