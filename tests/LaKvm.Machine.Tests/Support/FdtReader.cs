using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

/// <summary>Reads a flattened device tree back, checking the format's rules on the way.</summary>
internal sealed class FdtReader
{
    private readonly byte[] _blob;
    private readonly int _strings;
    private int _at;

    private FdtReader(byte[] blob)
    {
        _blob = blob;
        Header(0).Should().Be(0xd00dfeed);
        Header(1).Should().Be((uint)blob.Length);
        Header(5).Should().Be(17);
        Header(6).Should().BeLessThanOrEqualTo(17);
        (Header(4) % 8).Should().Be(0, "the reservation block is 8-byte aligned");
        (Header(2) % 4).Should().Be(0, "the structure block is 4-byte aligned");
        BinaryPrimitives.ReadUInt64BigEndian(blob.AsSpan((int)Header(4) + 8)).Should().Be(0, "reservations end");
        (Header(3) + Header(8)).Should().BeLessThanOrEqualTo((uint)blob.Length);
        _at = (int)Header(2);
        _strings = (int)Header(3);
    }

    public static FdtNode Read(byte[] blob)
    {
        var reader = new FdtReader(blob);
        reader.Cell().Should().Be(1);
        FdtNode root = reader.Node();
        reader.Cell().Should().Be(9);
        reader._at.Should().Be((int)(reader.Header(2) + reader.Header(9)));
        return root;
    }

    private uint Header(int index) => BinaryPrimitives.ReadUInt32BigEndian(_blob.AsSpan(index * 4));

    private uint Cell()
    {
        uint value = BinaryPrimitives.ReadUInt32BigEndian(_blob.AsSpan(_at));
        _at += 4;
        return value;
    }

    private string Text(int at) => Encoding.ASCII.GetString(_blob, at, Array.IndexOf(_blob, (byte)0, at) - at);

    private FdtNode Node()
    {
        var node = new FdtNode(Text(_at));
        _at = (_at + node.Name.Length + 4) & ~3;
        while (true)
        {
            switch (Cell())
            {
                case 1:
                    node.Add(Node());
                    break;
                case 2:
                    return node;
                case 3:
                    node.Children.Should().BeEmpty("properties come before children");
                    int length = (int)Cell();
                    string name = Text(_strings + (int)Cell());
                    node.Bytes(name, _blob.AsSpan(_at, length).ToArray());
                    _at = (_at + length + 3) & ~3;
                    break;
                default:
                    throw new InvalidDataException($"not a token at 0x{_at - 4:x}");
            }
        }
    }
}

internal static class FdtQuery
{
    public static FdtNode At(this FdtNode node, string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate(node, (n, name) => n.Children.Single(c => c.Name == name));

    public static bool Has(this FdtNode node, string property) => node.Properties.Any(p => p.Key == property);

    public static byte[] Value(this FdtNode node, string property) =>
        node.Properties.Single(p => p.Key == property).Value;

    public static uint[] CellsOf(this FdtNode node, string property) => [.. node.Value(property).Chunk(4)
        .Select(chunk => BinaryPrimitives.ReadUInt32BigEndian(chunk))];

    public static string[] Strings(this FdtNode node, string property) =>
        Encoding.UTF8.GetString(node.Value(property)).TrimEnd('\0').Split('\0');
}
