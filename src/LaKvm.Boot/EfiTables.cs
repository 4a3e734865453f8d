using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>
/// What Linux's EFI stub would hand to the kernel proper, built in one block of RAM: the system table (UEFI 2.10, 4.3),
/// the configuration tables with their GUIDs, and the command line. There are no boot or runtime services.
/// </summary>
internal ref struct EfiTables(Span<byte> block, ulong address)
{
    private const int SystemTableSize = 120, ConfigEntrySize = 24, MaxConfigTables = 5;
    private const int MemoryMapHeaderSize = 40, DescriptorSize = 40;
    private const int VendorSize = 200; // Linux maps this much, however short the name is.
    private const ulong Signature = 0x5453_5953_2049_4249; // "IBI SYST"
    private const uint Revision = 2 << 16 | 100; // UEFI 2.10
    private const ulong WriteBack = 8; // EFI_MEMORY_WB

    private static readonly Guid AcpiGuid = new("8868e871-e4f1-11d3-bc22-0080c73c8881");
    private static readonly Guid BootMemoryMapGuid = new("800f683f-d08b-423a-a293-965c3c6fe2b4");
    private static readonly Guid DeviceTreeGuid = new("b1b621d5-f19c-41a5-830b-d9152c69aae0");
    private static readonly Guid InitrdGuid = new("5568e427-68fc-4f3d-ac74-ca555231cc68");
    private static readonly Guid RandomSeedGuid = new("1ce1e5bc-7ceb-42f2-81e5-8aadf180f57b");

    private readonly Span<byte> _block = block;
    private readonly int _configTables = SystemTableSize;
    private int _used = SystemTableSize + (MaxConfigTables * ConfigEntrySize);
    private int _configCount;

    /// <summary>Bytes of a block that can hold everything.</summary>
    internal static ulong BlockSize(int commandLine, int seed, int memoryPieces)
    {
        const int slack = 16 * 8; // each part starts on an 8-byte boundary
        return (ulong)(SystemTableSize + (MaxConfigTables * ConfigEntrySize) + VendorSize + MemoryMapHeaderSize + slack)
            + ((ulong)memoryPieces * DescriptorSize) + (ulong)commandLine + (ulong)seed;
    }

    /// <summary>Puts the command line, NUL-terminated, and returns its physical address.</summary>
    internal ulong AddCommandLine(ReadOnlySpan<byte> text)
    {
        ulong place = Reserve(text.Length + 1, out Span<byte> bytes);
        text.CopyTo(bytes);
        return place;
    }

    /// <summary>The address of ACPI's RSDP, of version 2 or later.</summary>
    internal void AddAcpi(ulong rootPointer) => AddConfigTable(AcpiGuid, rootPointer);

    internal void AddDeviceTree(RamRange tree) => AddConfigTable(DeviceTreeGuid, tree.Base);

    /// <summary>LINUX_EFI_INITRD_MEDIA_GUID: base and size.</summary>
    internal void AddInitrd(RamRange initrd)
    {
        ulong place = Reserve(2 * sizeof(ulong), out Span<byte> bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, initrd.Base);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], initrd.Size);
        AddConfigTable(InitrdGuid, place);
    }

    /// <summary>LINUX_EFI_RANDOM_SEED_TABLE_GUID: size (32 bits) and bytes.</summary>
    internal void AddRandomSeed(ReadOnlySpan<byte> seed)
    {
        ulong place = Reserve(sizeof(uint) + seed.Length, out Span<byte> bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, seed.Length);
        seed.CopyTo(bytes[sizeof(uint)..]);
        AddConfigTable(RandomSeedGuid, place);
    }

    /// <summary>
    /// LINUX_EFI_BOOT_MEMMAP_GUID: sizes (64 bits each, but the descriptor version 32), then descriptors: type,
    /// physical and virtual address, number of 4 KiB pages, attributes.
    /// </summary>
    internal void AddMemoryMap(IReadOnlyCollection<RamPiece> pieces)
    {
        int size = pieces.Count * DescriptorSize;
        ulong place = Reserve(MemoryMapHeaderSize + size, out Span<byte> bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, size);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], DescriptorSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], size);
        Span<byte> descriptor = bytes[MemoryMapHeaderSize..];
        foreach ((RamRange range, MemoryUse use) in pieces)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(descriptor, (uint)use);
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[8..], range.Base);
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[24..], range.Size >> 12);
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[32..], WriteBack);
            descriptor = descriptor[DescriptorSize..];
        }

        AddConfigTable(BootMemoryMapGuid, place);
    }

    /// <summary>Writes the system table and returns its physical address.</summary>
    internal ulong Finish()
    {
        ulong vendor = Reserve(VendorSize, out Span<byte> name);
        Encoding.Unicode.GetBytes("LaKvm", name);
        BinaryPrimitives.WriteUInt64LittleEndian(_block, Signature);
        BinaryPrimitives.WriteUInt32LittleEndian(_block[8..], Revision);
        BinaryPrimitives.WriteUInt32LittleEndian(_block[12..], SystemTableSize);
        BinaryPrimitives.WriteUInt64LittleEndian(_block[24..], vendor);
        BinaryPrimitives.WriteUInt64LittleEndian(_block[104..], (ulong)_configCount);
        BinaryPrimitives.WriteUInt64LittleEndian(_block[112..], address + (ulong)_configTables);
        return address;
    }

    private void AddConfigTable(Guid guid, ulong place)
    {
        Span<byte> entry = _block.Slice(_configTables + (_configCount++ * ConfigEntrySize), ConfigEntrySize);
        guid.TryWriteBytes(entry); // little endian in the first three fields, as in UEFI
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], place);
    }

    private ulong Reserve(int size, out Span<byte> bytes)
    {
        int offset = (_used + 7) & ~7;
        _used = offset + size;
        bytes = _block.Slice(offset, size);
        return address + (ulong)offset;
    }
}
