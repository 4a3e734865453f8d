using System.Collections;
using LaKvm.Devices;
using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends;

/// <summary>
/// A raw image, or a block device: the file's bytes are the disk's. A tail that is not a whole sector reads as zeros.
/// </summary>
public sealed class RawFileBackend : IBlockBackend
{
    private readonly SafeFileHandle _file;

    /// <summary>Opens an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="readOnly">Whether the file must not change.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be opened so.</exception>
    public RawFileBackend(string path, bool readOnly)
    {
        // Two guests that write to one disk, or one that reads what the other writes, would destroy it or see nonsense.
        _file = readOnly
            ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read)
            : File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        ReadOnly = readOnly;
        const ulong sector = VirtioBlock.SectorSize;

        // .NET's length of a block device is 0.
        Length = ((ulong)FileCalls.Seek(_file, 0, FileCalls.SeekEnd) + sector - 1) / sector * sector;
    }

    /// <inheritdoc/>
    public ulong Length { get; }

    /// <inheritdoc/>
    public bool ReadOnly { get; }

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(_file, destination, (long)offset);
            if (count == 0)
            {
                destination.Clear();
                return;
            }

            destination = destination[count..];
            offset += (ulong)count;
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> source) => RandomAccess.Write(_file, source, (long)offset);

    /// <inheritdoc/>
    public bool CanDiscard => !ReadOnly;

    /// <inheritdoc/>
    public bool TryWriteZeroes(ulong offset, ulong length, bool mayDiscard) =>
        FileCalls.TryZero(_file, (long)offset, (long)length, mayDiscard);

    /// <inheritdoc/>
    public void Discard(ulong offset, ulong length) =>
        FileCalls.TryZero(_file, (long)offset, (long)length, mayDiscard: true);

    /// <inheritdoc/>
    public void Flush()
    {
        if (!ReadOnly)
        {
            RandomAccess.FlushToDisk(_file);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>
/// A disk that starts as another one and forgets its changes: written clusters go to a sparse file without a name, so
/// that nothing is left of it when the process ends, however that comes about.
/// </summary>
public sealed class OverlayBackend : IBlockBackend
{
    /// <summary>Bytes that are copied at the first write to any of them.</summary>
    public const int ClusterSize = 1 << 16;

    private readonly IBlockBackend _origin;
    private readonly SafeFileHandle _changes;
    private readonly BitArray _changed;
    private readonly byte[] _cluster = new byte[ClusterSize];

    /// <summary>Makes an overlay without changes.</summary>
    /// <param name="origin">The disk below, which is not written; belongs to the overlay.</param>
    /// <param name="directory">Where the changes' blocks are taken from.</param>
    /// <exception cref="IOException">There can be no file.</exception>
    /// <exception cref="ArgumentException">The disk is too large: more than 2^31 clusters.</exception>
    public OverlayBackend(IBlockBackend origin, string directory)
    {
        ulong clusters = (origin.Length + ClusterSize - 1) / ClusterSize;
        if (clusters > int.MaxValue)
        {
            throw new ArgumentException(
                $"A disk of {origin.Length} bytes is too large for an overlay.", nameof(origin));
        }

        _origin = origin;
        _changed = new BitArray((int)clusters);
        _changes = FileCalls.CreateUnnamed(directory);
    }

    /// <inheritdoc/>
    public ulong Length => _origin.Length;

    /// <inheritdoc/>
    public bool ReadOnly => false;

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            (int cluster, int count) = Piece(offset, destination.Length);
            Span<byte> piece = destination[..count];
            if (_changed[cluster])
            {
                ReadChanges(offset, piece);
            }
            else
            {
                _origin.Read(offset, piece);
            }

            destination = destination[count..];
            offset += (ulong)count;
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            (int cluster, int count) = Piece(offset, source.Length);
            if (!_changed[cluster])
            {
                CopyUp(cluster);
            }

            RandomAccess.Write(_changes, source[..count], (long)offset);
            source = source[count..];
            offset += (ulong)count;
        }
    }

    /// <summary>Nothing to do: the changes do not outlive the machine.</summary>
    public void Flush()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _changes.Dispose();
        _origin.Dispose();
    }

    private static (int Cluster, int Count) Piece(ulong offset, int length) =>
        ((int)(offset / ClusterSize), Math.Min(length, ClusterSize - (int)(offset % ClusterSize)));

    private void CopyUp(int cluster)
    {
        ulong start = (ulong)cluster * ClusterSize;
        Span<byte> bytes = _cluster.AsSpan(0, (int)Math.Min(ClusterSize, Length - start));
        _origin.Read(start, bytes);
        RandomAccess.Write(_changes, bytes, (long)start);
        _changed[cluster] = true;
    }

    private void ReadChanges(ulong offset, Span<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            int count = RandomAccess.Read(_changes, piece, (long)offset);
            if (count == 0)
            {
                throw new EndOfStreamException("The overlay's temporary file was cut off.");
            }

            piece = piece[count..];
            offset += (ulong)count;
        }
    }
}
