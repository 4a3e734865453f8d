using System.Buffers.Binary;
using LaKvm.Diagnostics;

namespace LaKvm.Boot;

/// <summary>How a kernel file is packed.</summary>
public enum KernelFormat
{
    /// <summary>ELF executable: vmlinux or a bare-metal program.</summary>
    Elf,

    /// <summary>Linux image with EFI header, not compressed: vmlinux.efi.</summary>
    Efi,

    /// <summary>Self-extracting EFI image, what distributions install: vmlinuz.</summary>
    Zboot,

    /// <summary>Bytes without a header: a program for one fixed address.</summary>
    Raw,
}

/// <summary>
/// A LoongArch kernel, checked and ready to be placed. Everything in it was compared with the length of the file, so
/// placing it can only fail where compressed data is damaged or RAM is missing.
/// </summary>
public sealed class KernelImage
{
    /// <summary>Segments beyond this size are refused: they would not fit into one span.</summary>
    internal const ulong MaxSegmentSize = int.MaxValue;

    internal KernelImage(KernelFormat format, ulong entry, IReadOnlyList<KernelSegment> segments)
    {
        Format = format;
        Entry = entry;
        Segments = segments;
        Symbols = segments is [StoredSegment linux] && format is (KernelFormat.Efi or KernelFormat.Zboot)
            ? new Kallsyms(linux.Contents, linux.Range.Base)
            : null;
    }

    /// <summary>How the file was packed.</summary>
    public KernelFormat Format { get; }

    /// <summary>Physical address of the first instruction, which runs with CSR.CRMD.DA = 1.</summary>
    public ulong Entry { get; }

    /// <summary>What to place in RAM, in the order of writing.</summary>
    public IReadOnlyList<KernelSegment> Segments { get; }

    /// <summary>Names of its code, if the file has them.</summary>
    public ISymbols? Symbols { get; internal init; }

    /// <summary>
    /// The same kernel with its contents inflated, so that placing it only copies: for a caller that prepares something
    /// else meanwhile, or boots more than once.
    /// </summary>
    /// <exception cref="ImageException">The compressed data is damaged.</exception>
    public KernelImage Unpack()
    {
        var unpacked = new KernelImage(Format, Entry, [.. Segments.Select(segment => segment.Unpack())]);
        return Symbols == null ? unpacked : new(Format, Entry, unpacked.Segments) { Symbols = Symbols };
    }

    /// <summary>Reads a kernel file.</summary>
    /// <exception cref="ImageException">The file cannot be read or is no sound LoongArch kernel; the message names
    /// it.</exception>
    public static KernelImage Load(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path));
        }
        catch (ImageException e)
        {
            throw new ImageException($"{path}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ImageException($"The kernel {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a file whose bytes belong at one address as they are, and start there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="address">Physical address of the first byte, or an address in a window.</param>
    /// <exception cref="ImageException">The file cannot be read or is empty, or says itself where it
    /// belongs.</exception>
    public static KernelImage LoadRaw(string path, ulong address)
    {
        LoadedFile file = LoadedFile.Load(path, address);
        return IsRecognised(file.Contents.Span)
            ? throw new ImageException($"{path}: This image says itself where it belongs; it takes no load address.")
            : new KernelImage(KernelFormat.Raw, file.Range.Base, [file.Segment]);
    }

    /// <summary>
    /// Recognises and checks a kernel; keeps a reference to the bytes, which must not change afterwards.
    /// </summary>
    /// <exception cref="ImageException">No sound LoongArch kernel.</exception>
    public static KernelImage Parse(ReadOnlyMemory<byte> image)
    {
        ReadOnlySpan<byte> bytes = image.Span;
        if (bytes.StartsWith(ElfKernel.Magic))
        {
            return ElfKernel.Parse(image);
        }

        if (bytes.StartsWith(EfiKernel.Magic))
        {
            return ZbootKernel.IsZboot(bytes) ? ZbootKernel.Parse(image) : EfiKernel.Parse(image);
        }

        throw new ImageException(
            "This is no kernel image: it is neither ELF nor EFI; a raw binary needs its address (--load ADDRESS).");
    }

    private static bool IsRecognised(ReadOnlySpan<byte> image) =>
        image.StartsWith(ElfKernel.Magic) || (image.StartsWith(EfiKernel.Magic) && EfiKernel.HasLinuxMagic(image));
}

/// <summary>Checked little-endian reads from an image.</summary>
internal static class ImageReader
{
    /// <summary>
    /// The physical address that an image's address stands for: a direct mapped window passes VA[PALEN-1:0] on (manual
    /// vol. 1, 5.2.1).
    /// </summary>
    internal static ulong Physical(ulong address) => address & ((1UL << 48) - 1);

    internal static ushort U16(ReadOnlySpan<byte> image, ulong offset) =>
        BinaryPrimitives.ReadUInt16LittleEndian(Slice(image, offset, sizeof(ushort)));

    internal static uint U32(ReadOnlySpan<byte> image, ulong offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(Slice(image, offset, sizeof(uint)));

    internal static ulong U64(ReadOnlySpan<byte> image, ulong offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(Slice(image, offset, sizeof(ulong)));

    /// <summary>A part of the image.</summary>
    /// <exception cref="ImageException">The image ends before.</exception>
    internal static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> image, ulong offset, ulong length)
    {
        RequireInside(image.Length, offset, length);
        return image.Slice((int)offset, (int)length);
    }

    /// <inheritdoc cref="Slice(ReadOnlySpan{byte}, ulong, ulong)"/>
    internal static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> image, ulong offset, ulong length)
    {
        RequireInside(image.Length, offset, length);
        return image.Slice((int)offset, (int)length);
    }

    private static void RequireInside(int imageLength, ulong offset, ulong length)
    {
        if (offset > (ulong)imageLength || length > (ulong)imageLength - offset)
        {
            throw new ImageException(
                $"The image is truncated: it has {imageLength} bytes where it speaks of {offset} + {length}.");
        }
    }
}
