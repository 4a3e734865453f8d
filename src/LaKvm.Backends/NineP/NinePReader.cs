using System.Buffers.Binary;
using LaKvm.Linux;

namespace LaKvm.Backends.NineP;

/// <summary>
/// Reads the fields of a request. Past its end all are 0 and empty, and <see cref="IsWhole"/> tells: to be asked before
/// anything is done.
/// </summary>
internal ref struct NinePReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    /// <summary>Whether all fields read so far were there.</summary>
    internal bool IsWhole { get; private set; } = true;

    internal byte Byte() => Take(1) is [var value] ? value : (byte)0;

    internal ushort Half() =>
        Take(2) is { Length: 2 } bytes ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : (ushort)0;

    internal uint Word() => Take(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : 0;

    internal ulong Double() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;

    /// <summary>A text: its length in 16 bits before it.</summary>
    internal ReadOnlySpan<byte> Text() => Take(Half());

    /// <summary>Data: its length in 32 bits before it.</summary>
    internal ReadOnlySpan<byte> Data() => Take((int)Math.Min(Word(), int.MaxValue));

    /// <summary>Reads a text as the name of something in a directory.</summary>
    /// <returns>0 or an error's number.</returns>
    internal int Name(out FileName name)
    {
        ReadOnlySpan<byte> text = Text();
        name = default;
        return IsWhole ? FileName.Parse(text, out name) : LinuxError.Protocol;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            IsWhole = false;
            _rest = [];
            return [];
        }

        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
