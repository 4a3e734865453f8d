using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>What to boot.</summary>
/// <param name="Kernel">The kernel.</param>
public sealed record BootRequest(KernelImage Kernel)
{
    /// <summary>Initial RAM disk, if any.</summary>
    public InitrdImage? Initrd { get; init; }

    /// <summary>Further files for RAM.</summary>
    public IReadOnlyList<LoadedFile> Files { get; init; } = [];

    /// <summary>Kernel command line, at most 4095 bytes in UTF-8.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Flattened device tree of the board, at most 64 KiB; empty for a program that needs none.</summary>
    public ReadOnlyMemory<byte> DeviceTree { get; init; }

    /// <summary>ACPI tables of the board; null for none. A kernel that finds them does not look at the tree.</summary>
    public AcpiImage? Acpi { get; init; }

    /// <summary>Entropy for the kernel's random numbers; empty for none.</summary>
    public ReadOnlyMemory<byte> RandomSeed { get; init; }
}

/// <summary>How the boot core starts: CSR.CRMD.DA = 1, PLV 0, interrupts off, and these registers.</summary>
/// <param name="Pc">Physical address of the first instruction.</param>
/// <param name="A0">$a0: 1, booted by EFI.</param>
/// <param name="A1">
/// $a1: physical address of the command line, NUL-terminated; 0 for an empty one, by which some programs tell that
/// there is none.
/// </param>
/// <param name="A2">$a2: physical address of the EFI system table.</param>
/// <param name="AllCores">Every core begins there, as after reset; else the others wait until they are called.</param>
public readonly record struct BootRegisters(ulong Pc, ulong A0, ulong A1, ulong A2, bool AllCores = false);

/// <summary>
/// Places a kernel and all it is told into RAM, as the EFI stub would hand over (Linux arch/loongarch: a0 = EFI boot,
/// a1 = command line, a2 = system table). The kernel goes where it was linked; the tables go to the lowest free place,
/// which is below Linux's 2 MiB, never used by it; the initrd goes to the middle of the highest free range: a kernel
/// that moves itself (KASLR) stays near its old place, and what it allocates before it looks for the initrd comes from
/// the top of RAM. The device tree lies where QEMU's virt machine has it, as kernels for that machine know, unless the
/// kernel needs the place.
/// </summary>
public static class BootLoader
{
    private const int MaxCommandLine = 4096, MaxDeviceTree = 64 << 10;
    private const uint DeviceTreeMagic = 0xd00d_feed;

    /// <summary>Where QEMU's board has the device tree, and kernels and firmware for it look.</summary>
    internal const ulong DeviceTreeAddress = 0x10_0000;

    /// <summary>Writes everything and tells how to start.</summary>
    /// <exception cref="ImageException">It does not fit or is damaged; RAM may be half written.</exception>
    public static BootRegisters Place(IGuestRam ram, BootRequest request)
    {
        byte[] commandLine = Encode(request.CommandLine);
        CheckDeviceTree(request.DeviceTree.Span);
        var layout = new RamLayout(ram.Ranges);
        TakeForImages(layout, request);
        RamRange? tree = PlaceDeviceTree(layout, request.DeviceTree);
        RamRange? acpi = TakeForAcpi(layout, request.Acpi);
        RamRange tables = TakeForTables(layout, request, commandLine);
        RamRange? initrd = PlaceInitrd(layout, ram, request.Initrd);
        foreach (KernelSegment segment in request.Kernel.Segments.Concat(request.Files.Select(file => file.Segment)))
        {
            segment.WriteTo(ram.Writable(segment.Range.Base, segment.Range.Size));
        }

        if (tree is { } place)
        {
            request.DeviceTree.Span.CopyTo(ram.Writable(place.Base, place.Size));
        }

        Span<byte> block = ram.Writable(tables.Base, tables.Size);
        block.Clear();
        var efi = new EfiTables(block, tables.Base);
        ulong a1 = commandLine.Length == 0 ? 0 : efi.AddCommandLine(commandLine);
        if (acpi is { } acpiPlace)
        {
            efi.AddAcpi(request.Acpi!.Place(ram.Writable(acpiPlace.Base, acpiPlace.Size), acpiPlace.Base));
        }

        Describe(ref efi, request, tree, initrd, [.. layout.Pieces()]);
        return new BootRegisters(request.Kernel.Entry, A0: 1, a1, A2: efi.Finish());
    }

    private static void Describe(
        ref EfiTables efi, BootRequest request, RamRange? tree, RamRange? initrd, RamPiece[] pieces)
    {
        efi.AddMemoryMap(pieces);
        if (tree is { } treePlace)
        {
            efi.AddDeviceTree(treePlace);
        }

        if (initrd is { } place)
        {
            efi.AddInitrd(place);
        }

        if (!request.RandomSeed.IsEmpty)
        {
            efi.AddRandomSeed(request.RandomSeed.Span);
        }
    }

    /// <summary>Takes the places that kernel and files ask for.</summary>
    private static void TakeForImages(RamLayout layout, BootRequest request)
    {
        foreach (KernelSegment segment in request.Kernel.Segments)
        {
            Take(layout, "The kernel", segment.Range);
        }

        foreach (LoadedFile file in request.Files)
        {
            Take(layout, file.Path, file.Range);
        }
    }

    private static void Take(RamLayout layout, string what, RamRange range)
    {
        if (layout.TryTake(range, MemoryUse.Loader))
        {
            return;
        }

        string place = $"0x{range.Base:x}-0x{range.End - 1:x}";
        throw new ImageException(layout.UsedBy(range) is { } used
            ? $"{what} does not fit: it needs {place} for itself, and 0x{used.Base:x}-0x{used.End - 1:x} is taken "
                + $"already."
            : $"{what} does not fit: it needs {place} for itself, and RAM is at {layout}.");
    }

    private static RamRange? PlaceDeviceTree(RamLayout layout, ReadOnlyMemory<byte> blob)
    {
        if (blob.IsEmpty)
        {
            return null;
        }

        // As much as the greatest one, so that no page is shared with what comes next.
        var known = new RamRange(DeviceTreeAddress, MaxDeviceTree);
        return layout.TryTake(known, MemoryUse.Tables) ? known
            : layout.TakeLowest((ulong)blob.Length, MemoryUse.Tables)
            ?? throw new ImageException($"RAM has no room beside the kernel for a device tree of {blob.Length} bytes.");
    }

    private static RamRange? TakeForAcpi(RamLayout layout, AcpiImage? acpi) => acpi == null ? null
        : layout.TakeLowest((ulong)acpi.Size, MemoryUse.Tables)
            ?? throw new ImageException($"RAM has no room beside the kernel for {acpi.Size} bytes of ACPI tables.");

    private static RamRange TakeForTables(RamLayout layout, BootRequest request, byte[] commandLine)
    {
        ulong size = EfiTables.BlockSize(
            commandLine.Length + 1, request.RandomSeed.Length, layout.MaxPieces(moreUses: 2));
        return layout.TakeLowest(size, MemoryUse.Tables)
            ?? throw new ImageException($"RAM has no room beside the kernel for {size} bytes of boot tables.");
    }

    private static RamRange? PlaceInitrd(RamLayout layout, IGuestRam ram, InitrdImage? initrd)
    {
        if (initrd == null)
        {
            return null;
        }

        RamRange place = layout.TakeMiddle(initrd.Size, MemoryUse.Loader)
            ?? throw new ImageException($"The initrd of {initrd.Size} bytes does not fit into RAM beside the kernel.");
        initrd.WriteTo(ram.Writable(place.Base, place.Size));
        return place;
    }

    private static byte[] Encode(string commandLine)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(commandLine);
        if (bytes.Length >= MaxCommandLine)
        {
            throw new ImageException(
                $"The command line has {bytes.Length} bytes; Linux takes at most {MaxCommandLine - 1}.");
        }

        return bytes.Contains((byte)0) ? throw new ImageException("The command line contains a NUL character.") : bytes;
    }

    private static void CheckDeviceTree(ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty)
        {
            return;
        }

        if (blob.Length > MaxDeviceTree)
        {
            throw new ImageException($"The device tree has {blob.Length} bytes; Linux takes at most {MaxDeviceTree}.");
        }

        if (blob.Length < 8 || BinaryPrimitives.ReadUInt32BigEndian(blob) != DeviceTreeMagic
            || BinaryPrimitives.ReadUInt32BigEndian(blob[4..]) > (uint)blob.Length)
        {
            throw new ImageException("The device tree is no flattened device tree or is truncated.");
        }
    }
}
