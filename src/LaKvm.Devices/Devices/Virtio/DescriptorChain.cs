namespace LaKvm.Devices;

/// <summary>
/// The buffers of one request, as two byte sequences: what the driver wrote for the device, and what the device may
/// write. All of it is known to lie in RAM. Valid until it is pushed back.
/// </summary>
public sealed class DescriptorChain
{
    private readonly IGuestMemory _memory;
    private readonly List<(ulong Address, uint Length)> _readable = [];
    private readonly List<(ulong Address, uint Length)> _writable = [];

    internal DescriptorChain(IGuestMemory memory) => _memory = memory;

    /// <summary>Index of the first descriptor: the request's name in the used ring.</summary>
    internal ushort Head { get; private set; }

    /// <summary>Bytes the driver wrote.</summary>
    public long ReadableLength { get; private set; }

    /// <summary>Bytes the device may write.</summary>
    public long WritableLength { get; private set; }

    /// <summary>Copies bytes that the driver wrote. False if there are not that many.</summary>
    public bool Read(long offset, Span<byte> destination)
    {
        if (offset + destination.Length > ReadableLength)
        {
            return false;
        }

        int done = 0;
        foreach ((ulong address, int length) in Pieces(_readable, offset, destination.Length))
        {
            if (!_memory.Read(address, destination.Slice(done, length)))
            {
                return false;
            }

            done += length;
        }

        return true;
    }

    /// <summary>Writes bytes for the driver. False if there is not that much room.</summary>
    public bool Write(long offset, ReadOnlySpan<byte> source)
    {
        if (offset + source.Length > WritableLength)
        {
            return false;
        }

        int done = 0;
        foreach ((ulong address, int length) in Pieces(_writable, offset, source.Length))
        {
            if (!_memory.Write(address, source.Slice(done, length)))
            {
                return false;
            }

            done += length;
        }

        return true;
    }

    internal void Begin(ushort head)
    {
        Head = head;
        _readable.Clear();
        _writable.Clear();
        ReadableLength = WritableLength = 0;
    }

    /// <summary>Adds a buffer; the readable ones must come first (virtio 1.2, 2.7.4.2).</summary>
    internal string? Add(ulong address, uint length, bool writable)
    {
        if (!writable && _writable.Count != 0)
        {
            return "a readable buffer follows a writable one";
        }

        if (length == 0 || !_memory.Contains(address, length))
        {
            return $"a buffer of {length} bytes at 0x{address:x} is not in RAM";
        }

        (writable ? _writable : _readable).Add((address, length));
        ReadableLength += writable ? 0 : length;
        WritableLength += writable ? length : 0;
        return ReadableLength + WritableLength > uint.MaxValue ? "the buffers are more than 4 GiB together" : null;
    }

    private static IEnumerable<(ulong Address, int Length)> Pieces(
        List<(ulong Address, uint Length)> buffers, long offset, int length)
    {
        foreach ((ulong address, uint size) in buffers)
        {
            if (offset >= size)
            {
                offset -= size;
                continue;
            }

            if (length == 0)
            {
                break;
            }

            int piece = (int)Math.Min(size - offset, length);
            yield return (address + (ulong)offset, piece);
            length -= piece;
            offset = 0;
        }
    }
}
