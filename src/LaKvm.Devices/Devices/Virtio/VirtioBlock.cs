using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>
/// The virtio block device (virtio 1.2, 5.2): read, write, flush, discard, write zeroes and get-id. A request whose
/// form makes no sense stops the device; one that cannot be carried out gets an error status.
/// </summary>
public sealed class VirtioBlock : VirtioDevice
{
    /// <summary>Bytes of a sector in requests and in the capacity.</summary>
    public const int SectorSize = 512;

    /// <summary>Most sectors of one range to be zeroed.</summary>
    public const uint LongestZeroes = 1 << 17;

    private const ulong FeatureSegMax = 1 << 2, FeatureReadOnly = 1 << 5, FeatureBlockSize = 1 << 6,
        FeatureFlush = 1 << 9, FeatureDiscard = 1 << 13, FeatureWriteZeroes = 1 << 14;

    private const int QueueSize = 256, HeaderSize = 16, IdSize = 20, ConfigurationSize = 60, RangeSize = 16;
    private const uint TypeIn = 0, TypeOut = 1, TypeFlush = 4, TypeGetId = 8, TypeDiscard = 11,
        TypeWriteZeroes = 13;

    private const uint Unmap = 1;
    private const int ChunkSize = 1 << 16, DiscardAlignment = 8; // in sectors: a block of most file systems

    private readonly IBlockBackend _backend;
    private readonly byte[] _configuration = new byte[ConfigurationSize];
    private readonly byte[] _id = new byte[IdSize];
    private readonly byte[] _chunk = new byte[ChunkSize];

    /// <summary>Makes a device.</summary>
    /// <param name="backend">Its sectors; belongs to the device.</param>
    /// <param name="serial">Its serial number, up to 20 ASCII characters; longer ones are cut.</param>
    public VirtioBlock(IBlockBackend backend, string serial = "")
    {
        _backend = backend;
        Encoding.ASCII.GetBytes(serial.AsSpan(0, Math.Min(serial.Length, IdSize)), _id);
        Span<byte> configuration = _configuration;
        BinaryPrimitives.WriteUInt64LittleEndian(configuration, backend.Length / SectorSize);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[12..], QueueSize - 2);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[20..], SectorSize);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[36..], LongestZeroes);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[40..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[44..], DiscardAlignment);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[48..], LongestZeroes);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[52..], 1);
        configuration[56] = 1; // zeros may give room back
    }

    private enum Outcome : byte
    {
        Ok = 0,
        IoError = 1,
        Unsupported = 2,
    }

    /// <inheritdoc/>
    public override VirtioType Type => VirtioType.Block;

    /// <inheritdoc/>
    public override ulong Features => FeatureSegMax | FeatureBlockSize | FeatureFlush
        | (_backend.ReadOnly ? FeatureReadOnly : FeatureWriteZeroes)
        | (_backend.CanDiscard ? FeatureDiscard : 0);

    /// <inheritdoc/>
    public override IReadOnlyList<int> QueueSizes { get; } = [QueueSize];

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Configuration => _configuration;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _backend.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected internal override void Process(int index, Virtqueue queue)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        while (queue.TryPop(out DescriptorChain chain))
        {
            // The last writable byte is the status; the rest of the writable part is data.
            if (!chain.Read(0, header) || chain.WritableLength == 0)
            {
                queue.Fail("a block request has no header or no status");
                return;
            }

            uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
            ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            long written = 0;
            Outcome outcome;
            try
            {
                outcome = Execute(type, sector, chain, ref written);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Transport?.Report(e.Message);
                outcome = Outcome.IoError;
            }

            chain.Write(chain.WritableLength - 1, [(byte)outcome]);
            queue.Push(chain, (uint)written + 1);
        }
    }

    private Outcome Execute(uint type, ulong sector, DescriptorChain chain, ref long written)
    {
        switch (type)
        {
            case TypeIn:
                return ReadSectors(sector, chain, ref written);
            case TypeOut when !_backend.ReadOnly:
                return WriteSectors(sector, chain);
            case TypeOut:
                return Outcome.IoError;
            case TypeFlush:
                _backend.Flush();
                return Outcome.Ok;
            case TypeGetId:
                return GetId(chain, ref written);
            case TypeWriteZeroes when !_backend.ReadOnly:
                return OnRange(chain, Unmap, WriteZeroes);
            case TypeDiscard when _backend.CanDiscard:
                return OnRange(chain, 0, Discard);
            default:
                return Outcome.Unsupported;
        }
    }

    /// <summary>Whether a range of whole sectors is on the disk.</summary>
    private bool OnDisk(ulong sector, long length)
    {
        ulong sectors = _backend.Length / SectorSize;
        return length % SectorSize == 0 && sector <= sectors && (ulong)length / SectorSize <= sectors - sector;
    }

    private Outcome ReadSectors(ulong sector, DescriptorChain chain, ref long written)
    {
        long length = chain.WritableLength - 1;
        if (!OnDisk(sector, length))
        {
            return Outcome.IoError;
        }

        while (written < length)
        {
            Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, length - written));
            _backend.Read((sector * SectorSize) + (ulong)written, chunk);
            if (Transport?.Stopping == true || !chain.Write(written, chunk))
            {
                return Outcome.IoError;
            }

            written += chunk.Length;
        }

        return Outcome.Ok;
    }

    private Outcome WriteSectors(ulong sector, DescriptorChain chain)
    {
        long length = chain.ReadableLength - HeaderSize;
        if (!OnDisk(sector, length))
        {
            return Outcome.IoError;
        }

        for (long done = 0; done < length; done += ChunkSize)
        {
            Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, length - done));
            if (Transport?.Stopping == true || !chain.Read(HeaderSize + done, chunk))
            {
                return Outcome.IoError;
            }

            _backend.Write((sector * SectorSize) + (ulong)done, chunk);
        }

        return Outcome.Ok;
    }

    private Outcome GetId(DescriptorChain chain, ref long written)
    {
        int length = (int)Math.Min(IdSize, chain.WritableLength - 1);
        written = length;
        return chain.Write(0, _id.AsSpan(0, length)) ? Outcome.Ok : Outcome.IoError;
    }

    private Outcome OnRange(DescriptorChain chain, uint knownFlags, Func<Range, Outcome> action)
    {
        Outcome outcome = ReadRange(chain, knownFlags, out Range range);
        return outcome == Outcome.Ok ? action(range) : outcome;
    }

    /// <summary>One range: sector (64 bits), number of sectors (32), flags (32).</summary>
    private Outcome ReadRange(DescriptorChain chain, uint knownFlags, out Range range)
    {
        range = default;
        Span<byte> bytes = stackalloc byte[RangeSize];
        if (chain.ReadableLength != HeaderSize + RangeSize || !chain.Read(HeaderSize, bytes))
        {
            return Outcome.Unsupported;
        }

        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        long length = (long)count * SectorSize;
        if ((flags & ~knownFlags) != 0)
        {
            return Outcome.Unsupported;
        }

        if (count > LongestZeroes || !OnDisk(sector, length))
        {
            return Outcome.IoError;
        }

        range = new Range(sector * SectorSize, length, (flags & Unmap) != 0);
        return Outcome.Ok;
    }

    private Outcome Discard(Range range)
    {
        _backend.Discard(range.Offset, (ulong)range.Length);
        return Outcome.Ok;
    }

    private Outcome WriteZeroes(Range range)
    {
        if (_backend.TryWriteZeroes(range.Offset, (ulong)range.Length, range.MayDiscard))
        {
            return Outcome.Ok;
        }

        Array.Clear(_chunk);
        for (long done = 0; done < range.Length; done += ChunkSize)
        {
            if (Transport?.Stopping == true)
            {
                return Outcome.IoError;
            }

            Span<byte> zeros = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, range.Length - done));
            _backend.Write(range.Offset + (ulong)done, zeros);
        }

        return Outcome.Ok;
    }

    /// <summary>Bytes of the disk that a request is about.</summary>
    private readonly record struct Range(ulong Offset, long Length, bool MayDiscard);
}
