using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>An ACPI table in the making: bytes, and where among them addresses of others go.</summary>
internal sealed class AcpiTable
{
    /// <summary>Bytes of a header: signature, length, revision, checksum, names (ACPI 6.4, 5.2.6).</summary>
    internal const int HeaderSize = 36;

    /// <summary>Where the checksum is in a header.</summary>
    internal const int ChecksumOffset = 9;

    private readonly List<byte> _bytes = [];

    /// <summary>Begins a table with a header.</summary>
    internal AcpiTable(string signature, byte revision)
    {
        Text(signature, 4);
        Word(0);
        Byte(revision);
        Byte(0);
        Text("LAKVM", 6);
        Text("VIRT", 8);
        Word(1);
        Text("LAKV", 4);
        Word(1);
        HasChecksum = true;
    }

    /// <summary>Begins a table without a header.</summary>
    internal AcpiTable()
    {
    }

    /// <summary>Whether the table has a header with a checksum.</summary>
    internal bool HasChecksum { get; }

    /// <summary>Which table's address belongs where, and in how many bytes.</summary>
    internal List<(int Offset, int Size, AcpiTable Target)> Pointers { get; } = [];

    /// <summary>Bytes so far.</summary>
    internal int Size => _bytes.Count;

    internal AcpiTable Byte(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    internal AcpiTable Half(ushort value) => Number(value, sizeof(ushort));

    internal AcpiTable Word(uint value) => Number(value, sizeof(uint));

    internal AcpiTable Double(ulong value) => Number(value, sizeof(ulong));

    /// <summary>Appends characters, padded with blanks.</summary>
    internal AcpiTable Text(string text, int size) => Bytes(Encoding.ASCII.GetBytes(text.PadRight(size)));

    internal AcpiTable Bytes(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    internal AcpiTable Zeros(int count) => Bytes(new byte[count]);

    /// <summary>Appends zeros up to an offset.</summary>
    internal AcpiTable ZerosTo(int offset) => Zeros(offset - Size);

    /// <summary>Appends a register's place (ACPI 6.4, 5.2.3.2): one byte in the physical address space.</summary>
    internal AcpiTable ByteRegister(ulong address) => Bytes([0, 8, 0, 0]).Double(address);

    /// <summary>Appends the address of another table.</summary>
    internal AcpiTable Pointer(AcpiTable target, int size)
    {
        Pointers.Add((Size, size, target));
        return Zeros(size);
    }

    /// <summary>What was appended.</summary>
    internal byte[] ToRaw() => [.. _bytes];

    /// <summary>The table, with its length but without addresses and checksum.</summary>
    internal byte[] ToArray()
    {
        byte[] bytes = ToRaw();
        if (bytes.Length >= 8)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length);
        }

        return bytes;
    }

    private AcpiTable Number(ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Bytes(bytes[..size]);
    }
}
