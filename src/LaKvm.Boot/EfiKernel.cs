using static LaKvm.Boot.ImageReader;

namespace LaKvm.Boot;

/// <summary>
/// Linux images with the LoongArch header (Linux Documentation/arch/loongarch/booting.rst), which is a PE header at the
/// same time: entry at 8, memory size at 16, load offset at 24, magic at 56. Linux 5.19 to 6.9 give entry and offset as
/// addresses in the cached window, later ones as physical addresses: the low 48 bits count, as in ELF files.
/// </summary>
internal static class EfiKernel
{
    /// <summary>Bytes of the header.</summary>
    internal const int HeaderSize = 64;

    private const uint LinuxMagic = 0x8182_23cd;
    private const uint PeSignature = 0x4550;
    private const ushort MachineLoongArch64 = 0x6264;

    internal static ReadOnlySpan<byte> Magic => "MZ"u8;

    internal static KernelImage Parse(ReadOnlyMemory<byte> image)
    {
        CheckMachine(image.Span);
        EfiHeader header = ReadHeader(image.Span, (ulong)image.Length);
        var segment = new StoredSegment(header.LoadAddress, header.MemorySize, image);
        return new KernelImage(KernelFormat.Efi, header.Entry, [segment]);
    }

    /// <summary>Whether the header is long enough and carries Linux's magic.</summary>
    internal static bool HasLinuxMagic(ReadOnlySpan<byte> start) =>
        start.Length >= HeaderSize && U32(start, 0x38) == LinuxMagic;

    /// <summary>Refuses EFI images for other processors, by the PE header that the DOS header points to.</summary>
    internal static void CheckMachine(ReadOnlySpan<byte> image)
    {
        uint pe = U32(image, 0x3c);
        if (U32(image, pe) != PeSignature)
        {
            throw new ImageException("The EFI image has no PE header.");
        }

        ushort machine = U16(image, (ulong)pe + 4);
        if (machine != MachineLoongArch64)
        {
            throw new ImageException(
                $"The EFI image is not for 64-bit LoongArch (its machine number is 0x{machine:x}).");
        }
    }

    /// <summary>Reads and checks the Linux header.</summary>
    /// <param name="start">At least the first <see cref="HeaderSize"/> bytes of the image.</param>
    /// <param name="fileSize">Bytes the image has in all.</param>
    internal static EfiHeader ReadHeader(ReadOnlySpan<byte> start, ulong fileSize)
    {
        if (!start.StartsWith(Magic) || !HasLinuxMagic(start))
        {
            throw new ImageException("The EFI image is not a Linux kernel for LoongArch.");
        }

        // The header's size counts the BSS; a file padded beyond it is placed whole.
        var header = new EfiHeader(
            Physical(U64(start, 8)), Math.Max(U64(start, 16), fileSize), Physical(U64(start, 24)));
        if (header.MemorySize > KernelImage.MaxSegmentSize
            || header.Entry - header.LoadAddress >= header.MemorySize)
        {
            throw new ImageException(
                $"The kernel header makes no sense: entry 0x{header.Entry:x} in 0x{header.MemorySize:x} bytes "
                + $"at 0x{header.LoadAddress:x}.");
        }

        return header;
    }
}

/// <summary>Where a Linux image belongs.</summary>
/// <param name="Entry">Physical address of the first instruction.</param>
/// <param name="MemorySize">Bytes from the load address to the end of the BSS.</param>
/// <param name="LoadAddress">Physical address of the first byte.</param>
internal readonly record struct EfiHeader(ulong Entry, ulong MemorySize, ulong LoadAddress);
