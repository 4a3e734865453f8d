namespace LaKvm.Boot;

/// <summary>An initial RAM disk: bytes that Linux finds in RAM. Their format is Linux's business.</summary>
public sealed class InitrdImage
{
    private readonly string? _path;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly ulong _own;
    private readonly ReadOnlyMemory<byte> _appended;

    private InitrdImage(string? path, ReadOnlyMemory<byte> bytes, ulong own, ReadOnlyMemory<byte> appended = default)
    {
        (_path, _bytes, _own, _appended) = (path, bytes, own, appended);
        ulong size = appended.IsEmpty ? own : ((own + 3) & ~3UL) + (ulong)appended.Length;
        Size = size;
        if (own == 0 || size is > KernelImage.MaxSegmentSize)
        {
            throw new ImageException(
                $"The initrd {path ?? "given"} has {size} bytes; it must have some, and fewer than 2 GiB.");
        }
    }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>An initrd that is in memory already; keeps a reference.</summary>
    /// <exception cref="ImageException">It is empty.</exception>
    public static InitrdImage FromBytes(ReadOnlyMemory<byte> bytes) => new(null, bytes, (ulong)bytes.Length);

    /// <summary>
    /// An initrd in a file, which is read when it is placed, straight into guest memory. Pipes are read at once.
    /// </summary>
    /// <exception cref="ImageException">The file cannot be read, is empty or too big.</exception>
    public static InitrdImage Load(string path)
    {
        try
        {
            using FileStream file = Open(path);
            if (file.CanSeek)
            {
                return new InitrdImage(path, default, (ulong)file.Length);
            }

            var bytes = new MemoryStream();
            file.CopyTo(bytes);
            return FromBytes(bytes.ToArray());
        }
        catch (Exception e) when (IsFileError(e))
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>This one with further bytes behind it, at the next multiple of 4, as archives begin.</summary>
    /// <exception cref="ImageException">It would be too big.</exception>
    public InitrdImage With(ReadOnlyMemory<byte> appended) => new(_path, _bytes, _own, appended);

    /// <summary>Writes the initrd to guest memory.</summary>
    /// <param name="destination">Exactly <see cref="Size"/> bytes.</param>
    /// <exception cref="ImageException">The file changed or can no longer be read.</exception>
    internal void WriteTo(Span<byte> destination)
    {
        destination[(int)_own..].Clear();
        _appended.Span.CopyTo(destination[^_appended.Length..]);
        WriteOwn(destination[..(int)_own]);
    }

    private void WriteOwn(Span<byte> destination)
    {
        if (_path == null)
        {
            _bytes.Span.CopyTo(destination);
            return;
        }

        try
        {
            using FileStream file = Open(_path);
            file.ReadExactly(destination);
        }
        catch (Exception e) when (IsFileError(e))
        {
            throw Unreadable(_path, e);
        }
    }

    // Read in one piece: a buffer would only be in the way.
    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);

    private static bool IsFileError(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException;

    private static ImageException Unreadable(string path, Exception e) =>
        new($"The initrd {path} cannot be read: {e.Message}", e);
}
