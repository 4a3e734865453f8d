using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>The far end of a network card: takes and brings Ethernet frames without checksum.</summary>
public interface INetworkBackend : IDisposable
{
    /// <summary>Sends a frame, or drops it. May block for a moment; one thread at a time.</summary>
    void Send(ReadOnlySpan<byte> frame);

    /// <summary>Begins to bring frames, on a thread of the backend's.</summary>
    /// <param name="receive">Takes a frame; does not block.</param>
    void Start(NetworkFrameHandler receive);
}

/// <summary>Takes a frame.</summary>
public delegate void NetworkFrameHandler(ReadOnlySpan<byte> frame);

/// <summary>The virtio network card (virtio 1.2, 5.1), without offloads: one receive and one transmit queue.</summary>
public sealed class VirtioNetwork : VirtioDevice
{
    /// <summary>Most bytes of a frame.</summary>
    public const int LongestFrame = 1 << 16;

    /// <summary>Most frames that wait for receive buffers; more are dropped, as by any card.</summary>
    public const int Backlog = 256;

    private const ulong FeatureMtu = 1 << 3, FeatureMac = 1 << 5, FeatureStatus = 1 << 16;
    private const int ReceiveQueue = 0, TransmitQueue = 1;

    // virtio_net_hdr_v1, all zero but the number of buffers.
    private const int HeaderSize = 12, BuffersOffset = 10;
    private const int TransmitBatch = 64;

    private readonly INetworkBackend _backend;
    private readonly byte[] _configuration = new byte[12];
    private readonly Queue<byte[]> _received = new();
    private readonly byte[] _frame = new byte[LongestFrame];
    private bool _started;

    /// <summary>Makes a card.</summary>
    /// <param name="backend">The network; belongs to the card.</param>
    /// <param name="mac">Its address, 6 bytes.</param>
    /// <param name="mtu">Largest packet in bytes, without the Ethernet header.</param>
    public VirtioNetwork(INetworkBackend backend, ReadOnlySpan<byte> mac, ushort mtu = 1500)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mac.Length, 6);
        _backend = backend;
        mac.CopyTo(_configuration);
        _configuration[6] = 1; // VIRTIO_NET_S_LINK_UP
        _configuration[8] = 1; // one pair of queues
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(10), mtu);
    }

    /// <inheritdoc/>
    public override VirtioType Type => VirtioType.Network;

    /// <inheritdoc/>
    public override ulong Features => FeatureMac | FeatureStatus | FeatureMtu;

    /// <inheritdoc/>
    public override IReadOnlyList<int> QueueSizes { get; } = [256, 256];

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
        if (!_started)
        {
            // Only now is there a driver to receive anything.
            _started = true;
            _backend.Start(Receive);
        }

        if (index == TransmitQueue)
        {
            Transmit(queue);
        }
        else
        {
            Deliver(queue);
        }
    }

    private void Transmit(Virtqueue queue)
    {
        for (int count = 0; count < TransmitBatch; count++)
        {
            if (!queue.TryPop(out DescriptorChain chain))
            {
                return;
            }

            long length = chain.ReadableLength - HeaderSize;
            if (length < 0)
            {
                queue.Fail("a packet has no header");
                return;
            }

            if (length <= LongestFrame && chain.Read(HeaderSize, _frame.AsSpan(0, (int)length)))
            {
                _backend.Send(_frame.AsSpan(0, (int)length));
            }

            queue.Push(chain, 0);
        }

        // The receive queue gets its turn between batches.
        Transport?.Wake(TransmitQueue);
    }

    private void Receive(ReadOnlySpan<byte> frame)
    {
        if (frame.Length > LongestFrame)
        {
            return;
        }

        lock (_received)
        {
            if (_received.Count == Backlog)
            {
                return;
            }

            byte[] packet = new byte[HeaderSize + frame.Length];
            packet[BuffersOffset] = 1;
            frame.CopyTo(packet.AsSpan(HeaderSize));
            _received.Enqueue(packet);
        }

        Transport?.Wake(ReceiveQueue);
    }

    private void Deliver(Virtqueue queue)
    {
        while (TryPeek(out byte[] packet) && queue.TryPop(out DescriptorChain chain))
        {
            lock (_received)
            {
                _received.Dequeue();
            }

            if (chain.Write(0, packet))
            {
                queue.Push(chain, (uint)packet.Length);
            }
            else
            {
                // The driver's buffer is too small for this frame: the frame is lost, the buffer is not.
                queue.Unpop();
            }
        }
    }

    private bool TryPeek(out byte[] packet)
    {
        lock (_received)
        {
            return _received.TryPeek(out packet!);
        }
    }
}
