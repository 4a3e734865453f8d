using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>
/// Flattens a device tree to the format that kernels take, version 17 (Devicetree Specification 0.4, chapter 5).
/// </summary>
public sealed class FdtWriter : IDisposable
{
    private const uint Magic = 0xd00d_feed;
    private const uint Version = 17, OldestCompatible = 16;
    private const uint BeginNode = 1, EndNode = 2, Property = 3, End = 9;
    private const int HeaderSize = 40;

    // One entry of two zeros: nothing is reserved. 8-byte aligned, right behind the header.
    private const int ReservationsSize = 16;

    private readonly MemoryStream _structure = new();
    private readonly MemoryStream _strings = new();
    private readonly Dictionary<string, uint> _stringOffsets = [];

    private FdtWriter()
    {
    }

    /// <summary>The blob of a tree; place it at a multiple of 8.</summary>
    /// <param name="root">The root node.</param>
    /// <param name="bootCore">Physical id of the core that boots.</param>
    public static byte[] Write(FdtNode root, uint bootCore = 0)
    {
        using var writer = new FdtWriter();
        writer.Node(root);
        writer.Cell(End);
        return writer.Assemble(bootCore);
    }

    /// <summary>Lets go of the buffers.</summary>
    public void Dispose()
    {
        _structure.Dispose();
        _strings.Dispose();
    }

    private void Node(FdtNode node)
    {
        Cell(BeginNode);
        _structure.Write(Encoding.ASCII.GetBytes(node.Name + '\0'));
        Align();
        foreach ((string name, byte[] value) in node.Properties)
        {
            Cell(Property);
            Cell((uint)value.Length);
            Cell(StringOffset(name));
            _structure.Write(value);
            Align();
        }

        foreach (FdtNode child in node.Children)
        {
            Node(child);
        }

        Cell(EndNode);
    }

    private uint StringOffset(string name)
    {
        if (!_stringOffsets.TryGetValue(name, out uint offset))
        {
            offset = (uint)_strings.Length;
            _stringOffsets.Add(name, offset);
            _strings.Write(Encoding.ASCII.GetBytes(name + '\0'));
        }

        return offset;
    }

    private void Cell(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        _structure.Write(bytes);
    }

    private void Align()
    {
        while (_structure.Length % 4 != 0)
        {
            _structure.WriteByte(0);
        }
    }

    private byte[] Assemble(uint bootCore)
    {
        const int structureAt = HeaderSize + ReservationsSize;
        int stringsAt = structureAt + (int)_structure.Length;
        int size = (stringsAt + (int)_strings.Length + 7) & ~7;
        byte[] blob = new byte[size];
        ReadOnlySpan<uint> header =
        [
            Magic, (uint)size, structureAt, (uint)stringsAt, HeaderSize, Version, OldestCompatible, bootCore,
            (uint)_strings.Length, (uint)_structure.Length,
        ];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(i * 4), header[i]);
        }

        _structure.GetBuffer().AsSpan(0, (int)_structure.Length).CopyTo(blob.AsSpan(structureAt));
        _strings.GetBuffer().AsSpan(0, (int)_strings.Length).CopyTo(blob.AsSpan(stringsAt));
        return blob;
    }
}
