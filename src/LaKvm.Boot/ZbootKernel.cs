using System.Text;
using static LaKvm.Boot.ImageReader;

namespace LaKvm.Boot;

/// <summary>
/// Linux's self-extracting EFI image ("zboot"): "MZ", "zimg" at 4, offset and size of the payload at 8, the name of the
/// compression at 24. The payload is an EFI kernel. The firmware would run the stub; without firmware LaKvm unpacks it.
/// </summary>
internal static class ZbootKernel
{
    private const int NameOffset = 24, NameLength = 32;

    internal static bool IsZboot(ReadOnlySpan<byte> image) =>
        image.Length >= 8 && image.Slice(4, 4).SequenceEqual("zimg"u8);

    internal static KernelImage Parse(ReadOnlyMemory<byte> image)
    {
        EfiKernel.CheckMachine(image.Span);
        IPayload payload = Open(image);
        Span<byte> start = stackalloc byte[EfiKernel.HeaderSize];
        payload.Peek(start);
        EfiHeader header = EfiKernel.ReadHeader(start, (ulong)payload.Length);
        var segment = new CompressedSegment(header.LoadAddress, header.MemorySize, payload);
        return new KernelImage(KernelFormat.Zboot, header.Entry, [segment]);
    }

    /// <summary>
    /// The length of the payload stands in the last four bytes of the gzip stream (its own trailer), but behind the
    /// recorded payload for the formats whose streams have no such trailer.
    /// </summary>
    private static IPayload Open(ReadOnlyMemory<byte> image)
    {
        ReadOnlySpan<byte> bytes = image.Span;
        ulong offset = U32(bytes, 8), size = U32(bytes, 12);
        ReadOnlyMemory<byte> payload = Slice(image, offset, size);
        string compression = CompressionName(Slice(bytes, NameOffset, NameLength));
        return compression switch
        {
            "gzip" => new GzipPayload(payload, PayloadLength(bytes, offset + size - sizeof(uint))),
            "zstd" => OpenZstd(payload, PayloadLength(bytes, offset + size)),
            _ => throw new ImageException(
            $"The kernel is compressed with '{compression}'; LaKvm unpacks gzip and zstd."),
        };
    }

    private static IPayload OpenZstd(ReadOnlyMemory<byte> payload, int length) =>
        Zstd.IsInstalled ? new ZstdPayload(payload, length) : new ManagedZstdPayload(payload, length);

    private static string CompressionName(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        ReadOnlySpan<byte> name = end < 0 ? field : field[..end];
        foreach (byte character in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)character))
            {
                throw new ImageException("The kernel does not say how it is compressed.");
            }
        }

        return Encoding.ASCII.GetString(name);
    }

    private static int PayloadLength(ReadOnlySpan<byte> image, ulong offset)
    {
        uint length = U32(image, offset);
        if (length is < EfiKernel.HeaderSize or > (uint)KernelImage.MaxSegmentSize)
        {
            throw new ImageException($"The compressed kernel says that it has {length} bytes, which cannot be.");
        }

        return (int)length;
    }
}
