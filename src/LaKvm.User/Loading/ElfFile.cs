using System.Buffers.Binary;
using System.Text;

namespace LaKvm.User;

/// <summary>A program header of an ELF file.</summary>
internal readonly record struct ElfSegment(
    uint Type, uint Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, ulong Alignment)
{
    internal const uint Load = 1, Interpreter = 3;
}

/// <summary>What the kernel reads of an ELF file: 64 bits, LoongArch, to be executed.</summary>
internal sealed class ElfFile
{
    private const int HeaderSize = 64, SegmentSize = 56, MostSegments = 128;
    private const ushort LoongArch = 258, Executable = 2, Dynamic = 3;

    private ElfFile(ReadOnlySpan<byte> header)
    {
        IsDynamic = Word16(header, 16) == Dynamic;
        Entry = Word64(header, 24);
        HeadersOffset = Word64(header, 32);
        HeadersCount = Word16(header, 56);
    }

    /// <summary>Whether it may be anywhere in memory.</summary>
    internal bool IsDynamic { get; }

    /// <summary>The first instruction.</summary>
    internal ulong Entry { get; }

    /// <summary>Where in the file its program headers are.</summary>
    internal ulong HeadersOffset { get; }

    /// <summary>How many there are.</summary>
    internal int HeadersCount { get; }

    /// <summary>Its program headers.</summary>
    internal IReadOnlyList<ElfSegment> Segments { get; private set; } = [];

    /// <summary>The program that has to load its libraries, or null.</summary>
    internal string? Interpreter { get; private set; }

    /// <summary>What has to be loaded.</summary>
    internal IEnumerable<ElfSegment> Loads => Segments.Where(s => s.Type == ElfSegment.Load && s.MemorySize != 0);

    /// <summary>Reads a file's headers; null if it is no program for this machine.</summary>
    internal static ElfFile? Read(HostFile file)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (file.ReadAt(header, 0) != HeaderSize || !header[..6].SequenceEqual("\u007fELF\u0002\u0001"u8)
            || Word16(header, 16) is not (Executable or Dynamic) || Word16(header, 18) != LoongArch
            || Word16(header, 54) != SegmentSize || Word16(header, 56) > MostSegments)
        {
            return null;
        }

        var elf = new ElfFile(header);
        return elf.ReadSegments(file) ? elf : null;
    }

    private bool ReadSegments(HostFile file)
    {
        byte[] table = new byte[HeadersCount * SegmentSize];
        if (file.ReadAt(table, (long)HeadersOffset) != table.Length)
        {
            return false;
        }

        Segments = [.. Enumerable.Range(0, HeadersCount).Select(i =>
            Segment(table.AsSpan(i * SegmentSize, SegmentSize)))];
        foreach (ElfSegment segment in Segments.Where(s =>
            s.Type == ElfSegment.Interpreter && s.FileSize is > 1 and < 4096))
        {
            byte[] path = new byte[(int)segment.FileSize - 1];
            Interpreter = file.ReadAt(path, (long)segment.Offset) == path.Length ? Encoding.UTF8.GetString(path) : null;
        }

        return Segments.All(s => s.FileSize <= s.MemorySize || s.Type != ElfSegment.Load);
    }

    private static ElfSegment Segment(ReadOnlySpan<byte> raw) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(raw), BinaryPrimitives.ReadUInt32LittleEndian(raw[4..]),
        Word64(raw, 8), Word64(raw, 16), Word64(raw, 32), Word64(raw, 40), Word64(raw, 48));

    private static ushort Word16(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static ulong Word64(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
