using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>
/// The virtio console (virtio 1.2, 5.3) with one port: bytes in, bytes out, the size of the terminal, and a register
/// for a driver that has no queues (yet).
/// </summary>
/// <param name="backend">Receives what the machine writes.</param>
public sealed class VirtioConsole(ISerialBackend backend) : VirtioDevice
{
    /// <summary>Most input bytes that wait for buffers.</summary>
    public const int InputLimit = 1 << 16;

    private const ulong FeatureSize = 1 << 0, FeatureEmergencyWrite = 1 << 2;
    private const int ColumnsOffset = 0, RowsOffset = 2, EmergencyWriteOffset = 8, ConfigurationSize = 12;
    private const int ReceiveQueue = 0, ChunkSize = 4096;

    private readonly byte[] _configuration = new byte[ConfigurationSize];
    private readonly Queue<byte> _input = new();
    private readonly Lock _output = new();
    private readonly byte[] _chunk = new byte[ChunkSize];

    /// <inheritdoc/>
    public override VirtioType Type => VirtioType.Console;

    /// <inheritdoc/>
    public override ulong Features => FeatureSize | FeatureEmergencyWrite;

    /// <inheritdoc/>
    public override IReadOnlyList<int> QueueSizes { get; } = [64, 64];

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Configuration => _configuration;

    /// <summary>The far end's terminal has this size; 0 by 0 is one that nobody knows. Any thread.</summary>
    public void Resize(ushort columns, ushort rows) => ChangeConfiguration(() =>
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(ColumnsOffset), columns);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(RowsOffset), rows);
    });

    /// <summary>Bytes from the far end; any thread. Returns how many were taken, as the serial port does.</summary>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        int taken;
        lock (_input)
        {
            taken = Math.Min(bytes.Length, InputLimit - _input.Count);
            foreach (byte value in bytes[..taken])
            {
                _input.Enqueue(value);
            }
        }

        Transport?.Wake(ReceiveQueue);
        return taken;
    }

    /// <summary>The low byte of a write to emerg_wr goes out (virtio 1.2, 5.3.4).</summary>
    protected internal override void WriteConfiguration(int offset, int size, ulong value)
    {
        if (offset == EmergencyWriteOffset)
        {
            Send([(byte)value]);
        }
    }

    /// <inheritdoc/>
    protected internal override void Process(int index, Virtqueue queue)
    {
        while ((index != ReceiveQueue || AnyInput()) && queue.TryPop(out DescriptorChain chain))
        {
            queue.Push(chain, index == ReceiveQueue ? Fill(chain) : Drain(chain));
        }
    }

    private bool AnyInput()
    {
        lock (_input)
        {
            return _input.Count != 0;
        }
    }

    private uint Fill(DescriptorChain chain)
    {
        int count = 0;
        lock (_input)
        {
            while (count < Math.Min(ChunkSize, chain.WritableLength) && _input.TryDequeue(out byte value))
            {
                _chunk[count++] = value;
            }
        }

        chain.Write(0, _chunk.AsSpan(0, count));
        return (uint)count;
    }

    private uint Drain(DescriptorChain chain)
    {
        for (long done = 0; done < chain.ReadableLength && Transport?.Stopping != true; done += ChunkSize)
        {
            Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, chain.ReadableLength - done));
            chain.Read(done, chunk);
            Send(chunk);
        }

        return 0;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_output)
        {
            foreach (byte value in bytes)
            {
                backend.Write(value);
            }
        }
    }
}
