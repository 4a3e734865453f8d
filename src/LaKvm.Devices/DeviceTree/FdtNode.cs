using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>
/// A node of a device tree (Devicetree Specification 0.4, chapter 2). Every adder returns the node itself.
/// </summary>
public sealed class FdtNode
{
    private readonly List<KeyValuePair<string, byte[]>> _properties = [];
    private readonly List<FdtNode> _children = [];

    /// <summary>Makes a node.</summary>
    /// <param name="name">Name with unit address, as "serial@1fe001e0"; empty for the root.</param>
    public FdtNode(string name) => Name = name;

    /// <summary>Name with unit address.</summary>
    public string Name { get; }

    /// <summary>Properties in order; values as they are in the blob.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Properties => _properties;

    /// <summary>Children in order.</summary>
    public IReadOnlyList<FdtNode> Children => _children;

    /// <summary>Adds an empty property.</summary>
    public FdtNode Flag(string name) => Bytes(name, []);

    /// <summary>Adds a property of strings.</summary>
    public FdtNode Text(string name, params ReadOnlySpan<string> values) =>
        Bytes(name, Encoding.UTF8.GetBytes(string.Join('\0', values) + '\0'));

    /// <summary>Adds a property of 32-bit cells.</summary>
    public FdtNode Cells(string name, params ReadOnlySpan<uint> values)
    {
        byte[] bytes = new byte[values.Length * 4];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), values[i]);
        }

        return Bytes(name, bytes);
    }

    /// <summary>
    /// Adds a property of 64-bit values, each two cells: "reg" and the like where addresses have two cells.
    /// </summary>
    public FdtNode Wide(string name, params ReadOnlySpan<ulong> values)
    {
        byte[] bytes = new byte[values.Length * 8];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * 8), values[i]);
        }

        return Bytes(name, bytes);
    }

    /// <summary>Adds a property of bytes.</summary>
    /// <exception cref="ArgumentException">The node has a property of that name.</exception>
    public FdtNode Bytes(string name, byte[] value)
    {
        if (_properties.Exists(p => p.Key == name))
        {
            throw new ArgumentException($"Node {Name} has two properties {name}.");
        }

        _properties.Add(new(name, value));
        return this;
    }

    /// <summary>Adds a child.</summary>
    /// <exception cref="ArgumentException">The node has a child of that name.</exception>
    public FdtNode Add(FdtNode child)
    {
        if (_children.Exists(c => c.Name == child.Name))
        {
            throw new ArgumentException($"Node {Name} has two children {child.Name}.");
        }

        _children.Add(child);
        return this;
    }
}
