using System.Buffers.Binary;
using LaKvm.Linux;

namespace LaKvm.Backends.NineP;

/// <summary>
/// Writes the fields of an answer; one without room for them gets none, and <see cref="IsFull"/> tells.
/// </summary>
internal ref struct NinePWriter(Span<byte> room)
{
    private readonly Span<byte> _room = room;

    /// <summary>Bytes written.</summary>
    internal int Length { get; private set; }

    /// <summary>Whether something did not fit.</summary>
    internal bool IsFull { get; private set; }

    /// <summary>Where further bytes would go.</summary>
    internal readonly Span<byte> Rest => _room[Length..];

    internal void Byte(byte value) => Put(1, [value]);

    internal void Half(ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        Put(2, bytes);
    }

    internal void Word(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Put(4, bytes);
    }

    internal void Double(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Put(8, bytes);
    }

    internal void Text(scoped ReadOnlySpan<byte> text)
    {
        Half((ushort)text.Length);
        Put(text.Length, text);
    }

    internal void Qid(Qid qid)
    {
        Byte((byte)qid.Type);
        Word(qid.Version);
        Double(qid.Path);
    }

    internal void Time(in FileTime time)
    {
        Double((ulong)time.Seconds);
        Double(time.Nanoseconds);
    }

    /// <summary>Leaves room for a 32-bit field that is known only behind what follows it.</summary>
    internal void Later() => Word(0);

    /// <summary>Sets the 32-bit field at a place, and takes what has been written behind it as data.</summary>
    internal void Data(int at, int count)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_room[at..], (uint)count);
        Length = at + 4 + count;
    }

    private void Put(int length, scoped ReadOnlySpan<byte> bytes)
    {
        if (IsFull || length > _room.Length - Length)
        {
            IsFull = true;
            return;
        }

        bytes.CopyTo(_room[Length..]);
        Length += length;
    }
}
