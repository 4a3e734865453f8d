using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace LaKvm.Machine.Tests.Loading;

/// <summary>Builds small kernels in every format the loader reads.</summary>
internal static partial class TestImages
{
    internal const ulong LoadAddress = 0x20_0000;
    internal const ulong Entry = LoadAddress + 0x1000;
    internal const int FileSize = 0x5000;
    internal const ulong MemorySize = 0x8000;

    /// <summary>A vmlinux.efi: the Linux header, a PE header, and contents that are easy to recognise.</summary>
    internal static byte[] Efi()
    {
        byte[] image = Contents(FileSize);
        image.AsSpan(0, 0x80).Clear();
        "MZ"u8.CopyTo(image);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), Entry);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(16), MemorySize);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(24), LoadAddress);
        WritePeHeader(image);
        return image;
    }

    /// <summary>A vmlinuz around <see cref="Efi"/>.</summary>
    internal static byte[] Zboot(string compression)
    {
        const int payloadOffset = 0x200;
        byte[] kernel = Efi();
        byte[] payload = compression == "zstd" ? CompressZstd(kernel) : CompressGzip(kernel);
        byte[] image = new byte[payloadOffset + payload.Length + 8];
        "MZ\0\0zimg"u8.CopyTo(image);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(8), payloadOffset);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(12), payload.Length);
        Encoding.ASCII.GetBytes(compression, image.AsSpan(24));
        WritePeHeader(image);
        payload.CopyTo(image, payloadOffset);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(payloadOffset + payload.Length), kernel.Length);
        return image;
    }

    /// <summary>An ELF with a code segment at window addresses and a data segment that is half BSS.</summary>
    internal static byte[] Elf()
    {
        byte[] image = Contents(0x3000);
        Span<byte> header = image;
        header[..0x100].Clear();
        "\u007fELF"u8.CopyTo(header);
        header[4] = 2;
        header[5] = 1;
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 258);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], 0x9000_0000_0000_0000 | Entry);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 2);
        WriteProgramHeader(header[64..], offset: 0, LoadAddress, fileSize: 0x2000, memorySize: 0x2000);
        WriteProgramHeader(header[120..], offset: 0x2000, LoadAddress + 0x10000, fileSize: 0x1000, memorySize: 0x3000);
        return image;
    }

    /// <summary>A device tree's header; the loader looks at no more.</summary>
    internal static byte[] DeviceTree()
    {
        byte[] blob = Contents(0x400);
        BinaryPrimitives.WriteUInt32BigEndian(blob, 0xd00dfeed);
        BinaryPrimitives.WriteInt32BigEndian(blob.AsSpan(4), blob.Length);
        return blob;
    }

    internal static byte[] Contents(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private static void WritePeHeader(Span<byte> image)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(image[0x38..], 0x8182_23cd);
        BinaryPrimitives.WriteUInt32LittleEndian(image[0x3c..], 0x40);
        "PE\0\0"u8.CopyTo(image[0x40..]);
        BinaryPrimitives.WriteUInt16LittleEndian(image[0x44..], 0x6264);
    }

    private static void WriteProgramHeader(
        Span<byte> header, ulong offset, ulong physical, ulong fileSize, ulong memorySize)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], 0x9000_0000_0000_0000 | physical);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], 0x9000_0000_0000_0000 | physical);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], memorySize);
    }

    private static byte[] CompressGzip(byte[] bytes)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }

    internal static byte[] CompressZstd(byte[] bytes)
    {
        byte[] compressed = new byte[bytes.Length + 1024];
        nuint size = ZstdCompress(compressed, (nuint)compressed.Length, bytes, (nuint)bytes.Length, 22);
        return compressed[..(int)size];
    }

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_compress")]
    private static partial nuint ZstdCompress(byte[] destination, nuint capacity, byte[] source, nuint size, int level);
}
