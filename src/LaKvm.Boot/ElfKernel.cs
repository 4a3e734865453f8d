using LaKvm.Devices;
using static LaKvm.Boot.ImageReader;

namespace LaKvm.Boot;

/// <summary>
/// ELF executables for LoongArch: 64-bit, little endian. Linked at window addresses (0x9000...) or physical ones.
/// </summary>
internal static class ElfKernel
{
    private const ushort MachineLoongArch = 258;
    private const ushort TypeExecutable = 2, TypeShared = 3;
    private const uint ProgramLoad = 1;
    private const int HeaderSize = 64, ProgramHeaderSize = 56;

    internal static ReadOnlySpan<byte> Magic => "\u007fELF"u8;

    internal static KernelImage Parse(ReadOnlyMemory<byte> image)
    {
        ReadOnlySpan<byte> elf = image.Span;
        CheckHeader(elf);
        ulong virtualEntry = U64(elf, 24);
        ulong entry = Physical(virtualEntry);
        ulong table = U64(elf, 32);
        int count = U16(elf, 56);
        ReadOnlySpan<byte> headers = Slice(elf, table, (ulong)(count * ProgramHeaderSize));
        var segments = new List<KernelSegment>();
        for (int n = 0; n < count; n++)
        {
            ReadOnlySpan<byte> header = headers.Slice(n * ProgramHeaderSize, ProgramHeaderSize);
            if (U32(header, 0) != ProgramLoad || U64(header, 40) == 0)
            {
                continue;
            }

            StoredSegment segment = Segment(image, header);
            if (segments.Exists(other => other.Range.Overlaps(segment.Range)))
            {
                throw new ImageException($"The ELF segment at 0x{segment.Range.Base:x} overlaps another one.");
            }

            segments.Add(segment);
            ulong offset = virtualEntry - U64(header, 16);
            if (offset < segment.Range.Size)
            {
                entry = segment.Range.Base + offset;
            }
        }

        if (!segments.Exists(segment => segment.Range.Contains(new RamRange(entry, sizeof(uint)))))
        {
            throw new ImageException(
                $"The ELF entry 0x{virtualEntry:x} lies in none of its {segments.Count} loadable segments.");
        }

        return new KernelImage(KernelFormat.Elf, entry, segments) { Symbols = new ElfSymbols(image) };
    }

    private static void CheckHeader(ReadOnlySpan<byte> elf)
    {
        const byte class64 = 2, littleEndian = 1;
        ReadOnlySpan<byte> header = Slice(elf, 0, HeaderSize);
        if (U16(header, 18) != MachineLoongArch || header[4] != class64 || header[5] != littleEndian)
        {
            throw new ImageException(
                $"The ELF file is not for 64-bit LoongArch (its machine number is {U16(header, 18)}).");
        }

        if (U16(header, 16) is not (TypeExecutable or TypeShared))
        {
            throw new ImageException("The ELF file is not an executable; has it been linked?");
        }

        if (U16(header, 54) != ProgramHeaderSize)
        {
            throw new ImageException(
                $"The ELF file's program headers have {U16(header, 54)} bytes instead of {ProgramHeaderSize}.");
        }
    }

    private static StoredSegment Segment(ReadOnlyMemory<byte> image, ReadOnlySpan<byte> header)
    {
        ReadOnlyMemory<byte> contents = Slice(image, U64(header, 8), U64(header, 32));
        ulong address = Physical(U64(header, 24));
        ulong memorySize = U64(header, 40);
        if (memorySize < (ulong)contents.Length || memorySize > KernelImage.MaxSegmentSize)
        {
            throw new ImageException(
                $"The ELF segment at 0x{address:x} has a memory size of {memorySize} bytes, which cannot be.");
        }

        return new StoredSegment(address, memorySize, contents);
    }
}
