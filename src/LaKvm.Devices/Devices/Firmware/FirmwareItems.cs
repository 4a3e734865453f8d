using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>
/// What the configuration port (QEMU's fw_cfg) hands to a firmware: items by number, some of which are files that have
/// a name in a directory.
/// </summary>
public sealed class FirmwareItems
{
    private const ushort Directory = 0x19, FirstFile = 0x20;
    private const int NameSize = 56;

    private readonly Dictionary<ushort, ReadOnlyMemory<byte>> _items = [];

    /// <summary>Makes the items.</summary>
    /// <param name="items">Those without a name.</param>
    /// <param name="files">Those with a name of at most 55 characters.</param>
    public FirmwareItems(
        IReadOnlyDictionary<ushort, ReadOnlyMemory<byte>> items,
        IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files)
    {
        foreach ((ushort number, ReadOnlyMemory<byte> content) in items)
        {
            _items.Add(number, content);
        }

        // Numbered by name, as QEMU does.
        ushort next = FirstFile;
        var directory = new MemoryStream();
        directory.Write(BigEndian((uint)files.Count));
        foreach ((string name, ReadOnlyMemory<byte> content) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            directory.Write(BigEndian((uint)content.Length));
            directory.Write(BigEndian((uint)next << 16));
            directory.Write(Encoding.ASCII.GetBytes(name.PadRight(NameSize, '\0')));
            _items.Add(next++, content);
        }

        _items.Add(Directory, directory.ToArray());
    }

    /// <summary>An item's content; empty if there is none of that number.</summary>
    internal ReadOnlyMemory<byte> this[ushort number] => _items.GetValueOrDefault(number);

    private static byte[] BigEndian(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
