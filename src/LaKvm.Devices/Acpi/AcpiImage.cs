using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>A place in an image that holds an address inside it.</summary>
/// <param name="Offset">Where it is.</param>
/// <param name="Size">Bytes, 4 or 8.</param>
public readonly record struct AcpiPointer(int Offset, int Size);

/// <summary>A byte that makes the sum of a range 0.</summary>
/// <param name="Offset">Where it is.</param>
/// <param name="Start">First byte of the range.</param>
/// <param name="Length">Bytes of the range.</param>
public readonly record struct AcpiChecksum(int Offset, int Start, int Length);

/// <summary>
/// All ACPI tables of a machine as one block for any address, and apart from it the structure by which they are found
/// (RSDP; ACPI 6.4, 5.2.5). Pointers hold offsets, and checksums 0, until the block is placed: by
/// <see cref="Place"/>, or by firmware that is told the same.
/// </summary>
public sealed class AcpiImage
{
    /// <summary>The block starts at a multiple of this.</summary>
    public const int Alignment = 64;

    /// <summary>Bytes of the RSDP; its first checksum counts the first 20.</summary>
    public const int RootSize = 36;

    private readonly byte[] _tables;
    private readonly byte[] _root;

    private AcpiImage(byte[] tables, List<AcpiPointer> pointers, List<AcpiChecksum> checksums, int extendedTable)
    {
        (_tables, Pointers, Checksums) = (tables, pointers, checksums);
        _root = Root(extendedTable);
    }

    /// <summary>The block.</summary>
    public ReadOnlySpan<byte> Tables => _tables;

    /// <summary>The RSDP, with the offset of the XSDT as pointer.</summary>
    public ReadOnlySpan<byte> RootPointer => _root;

    /// <summary>The addresses in the block.</summary>
    public IReadOnlyList<AcpiPointer> Pointers { get; }

    /// <summary>The checksums in the block, in the order in which they are to be made.</summary>
    public IReadOnlyList<AcpiChecksum> Checksums { get; }

    /// <summary>The address in the RSDP.</summary>
    public static AcpiPointer RootAddress => new(24, sizeof(ulong));

    /// <summary>The checksums in the RSDP.</summary>
    public static IReadOnlyList<AcpiChecksum> RootChecksums => [new(8, 0, 20), new(32, 0, RootSize)];

    /// <summary>Bytes that <see cref="Place"/> writes.</summary>
    public int Size => Align(_tables.Length) + RootSize;

    /// <summary>Writes everything for an address, and returns that of the RSDP.</summary>
    /// <param name="destination"><see cref="Size"/> bytes.</param>
    /// <param name="address">Where they are, a multiple of <see cref="Alignment"/>.</param>
    public ulong Place(Span<byte> destination, ulong address)
    {
        _tables.CopyTo(destination);
        Finish(destination[.._tables.Length], Pointers, Checksums, address);
        Span<byte> root = destination.Slice(Align(_tables.Length), RootSize);
        _root.CopyTo(root);
        Finish(root, [RootAddress], RootChecksums, address);
        return address + (ulong)Align(_tables.Length);
    }

    /// <summary>Puts tables one after the other; the last is the XSDT.</summary>
    internal static AcpiImage Make(IReadOnlyList<AcpiTable> tables)
    {
        var places = new Dictionary<AcpiTable, int>();
        int size = 0;
        foreach (AcpiTable table in tables)
        {
            places[table] = size;
            size = (size + table.Size + 7) & ~7;
        }

        byte[] block = new byte[size];
        var pointers = new List<AcpiPointer>();
        var checksums = new List<AcpiChecksum>();
        foreach ((AcpiTable table, int place) in places)
        {
            table.ToArray().CopyTo(block, place);
            foreach ((int offset, int width, AcpiTable target) in table.Pointers)
            {
                BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(place + offset), places[target]);
                pointers.Add(new AcpiPointer(place + offset, width));
            }

            if (table.HasChecksum)
            {
                checksums.Add(new AcpiChecksum(place + AcpiTable.ChecksumOffset, place, table.Size));
            }
        }

        return new AcpiImage(block, pointers, checksums, places[tables[^1]]);
    }

    private static byte[] Root(int extendedTable) => new AcpiTable()
        .Text("RSD PTR ", 8).Byte(0).Text("LAKVM", 6).Byte(2).Word(0).Word(RootSize).Double((ulong)extendedTable)
        .Word(0).ToRaw();

    private static void Finish(Span<byte> bytes, IEnumerable<AcpiPointer> pointers,
        IEnumerable<AcpiChecksum> checksums, ulong address)
    {
        foreach ((int offset, int size) in pointers)
        {
            Span<byte> pointer = bytes.Slice(offset, size);
            if (size == sizeof(uint))
            {
                uint value = BinaryPrimitives.ReadUInt32LittleEndian(pointer);
                BinaryPrimitives.WriteUInt32LittleEndian(pointer, checked((uint)(value + address)));
            }
            else
            {
                ulong value = BinaryPrimitives.ReadUInt64LittleEndian(pointer);
                BinaryPrimitives.WriteUInt64LittleEndian(pointer, value + address);
            }
        }

        foreach ((int offset, int start, int length) in checksums)
        {
            byte sum = 0;
            foreach (byte value in bytes.Slice(start, length))
            {
                sum += value;
            }

            bytes[offset] -= sum;
        }
    }

    private static int Align(int size) => (size + Alignment - 1) & -Alignment;
}
