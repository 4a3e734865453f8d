using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace LaKvm.Linux;

/// <summary>
/// The name of something in one directory, as the bytes that Linux knows: it leads nowhere else, since it has no
/// slash and is neither "." nor "..".
/// </summary>
public unsafe struct FileName
{
    /// <summary>Most bytes (NAME_MAX of limits.h).</summary>
    public const int Longest = 255;

    private fixed byte _bytes[Longest + 1];

    /// <summary>Takes a name that somebody else has written.</summary>
    /// <param name="name">Its bytes, without the zero behind them.</param>
    /// <param name="result">The name.</param>
    /// <returns>0, or the number of the error that Linux would give.</returns>
    public static int Parse(ReadOnlySpan<byte> name, out FileName result)
    {
        result = default;
        if (name.Length > Longest)
        {
            return LinuxError.NameTooLong;
        }

        if (name.IsEmpty || name.IndexOfAny((byte)'/', (byte)0) >= 0 || name.SequenceEqual("."u8)
            || name.SequenceEqual(".."u8))
        {
            return LinuxError.Invalid;
        }

        fixed (byte* bytes = result._bytes)
        {
            name.CopyTo(new Span<byte>(bytes, Longest));
        }

        return 0;
    }

    /// <summary>The path by which a process reaches what one of its descriptors stands for (proc(5)).</summary>
    internal static FileName OfDescriptor(int descriptor)
    {
        FileName path = default;
        Utf8.TryWrite(new Span<byte>(path._bytes, Longest), CultureInfo.InvariantCulture,
            $"/proc/self/fd/{descriptor}", out _);
        return path;
    }

    /// <inheritdoc/>
    public override readonly string ToString()
    {
        fixed (byte* bytes = _bytes)
        {
            return Encoding.UTF8.GetString(bytes, new ReadOnlySpan<byte>(bytes, Longest + 1).IndexOf((byte)0));
        }
    }
}
