using System.Text;

namespace LaKvm.User;

/// <summary>A file of /proc or /sys, which has the text that there was when it was opened.</summary>
internal sealed class TextFile(string path, string text) : UserFile
{
    private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);
    private long _position;

    /// <inheritdoc/>
    public override string Name => path;

    /// <inheritdoc/>
    internal override long Read(UserThread thread, Span<byte> buffer)
    {
        long count = ReadAt(buffer, _position);
        _position += Math.Max(0, count);
        return count;
    }

    /// <inheritdoc/>
    internal override long ReadAt(Span<byte> buffer, long offset)
    {
        if (offset < 0)
        {
            return Fail.Inval;
        }

        int count = (int)Math.Min(buffer.Length, Math.Max(0, _bytes.Length - offset));
        _bytes.AsSpan((int)Math.Min(offset, _bytes.Length), count).CopyTo(buffer);
        return count;
    }

    /// <inheritdoc/>
    internal override long Seek(long offset, int origin)
    {
        long target = origin switch { 0 => offset, 1 => _position + offset, 2 => _bytes.Length + offset, _ => -1 };
        return target < 0 ? Fail.Inval : _position = target;
    }

    /// <inheritdoc/>
    internal override long Status(Span<byte> status)
    {
        StatusBuffer.Fill(status, StatusBuffer.RegularMode, 0, path.GetHashCode(StringComparison.Ordinal));
        return 0;
    }
}
