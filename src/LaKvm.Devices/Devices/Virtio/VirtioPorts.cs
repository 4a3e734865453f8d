using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>
/// The virtio console with several ports (virtio 1.2, 5.3, VIRTIO_CONSOLE_F_MULTIPORT): streams of bytes with names,
/// which no terminal stands behind. Unlike a serial line they have an end, and wait for whoever reads them. Port 0 is
/// left out: drivers take it for a terminal.
/// </summary>
public sealed class VirtioPorts : VirtioDevice
{
    private const ulong FeatureMultiport = 1 << 1;
    private const int PortCountOffset = 4, ConfigurationSize = 12, ControlSize = 8, ControlLimit = 256;
    private const int ControlReceive = 2, ControlTransmit = 3, QueueSize = 64;
    private const int ChunkSize = 1 << 15;

    private readonly byte[] _configuration = new byte[ConfigurationSize];
    private readonly IReadOnlyList<VirtioPort> _ports;
    private readonly Queue<byte[]> _control = new();
    private readonly byte[] _chunk = new byte[ChunkSize];

    /// <summary>Makes a device.</summary>
    /// <param name="ports">Its ports, which get the numbers from 1 on.</param>
    public VirtioPorts(IReadOnlyList<VirtioPort> ports)
    {
        _ports = ports;
        BinaryPrimitives.WriteInt32LittleEndian(_configuration.AsSpan(PortCountOffset), ports.Count + 1);
        for (int index = 0; index < ports.Count; index++)
        {
            int queue = ReceiveQueue(index);
            ports[index].Wake = () => Transport?.Wake(queue);
        }

        QueueSizes = [.. Enumerable.Repeat(QueueSize, ReceiveQueue(ports.Count))];
    }

    /// <summary>What is said between driver and device in the control queues (virtio 1.2, 5.3.6.2).</summary>
    private enum Event : ushort
    {
        DeviceReady = 0,
        AddPort = 1,
        PortReady = 3,
        PortOpen = 6,
        PortName = 7,
    }

    /// <inheritdoc/>
    public override VirtioType Type => VirtioType.Console;

    /// <inheritdoc/>
    public override ulong Features => FeatureMultiport;

    /// <inheritdoc/>
    public override IReadOnlyList<int> QueueSizes { get; }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Configuration => _configuration;

    /// <inheritdoc/>
    protected internal override void Process(int index, Virtqueue queue)
    {
        switch (index)
        {
            case ControlReceive:
                SendControl(queue);
                break;
            case ControlTransmit:
                ReceiveControl(queue);
                break;
            default:
                // The first pair of queues belongs to port 0, and the control queues are behind it.
                int port = (index / 2) - 2;
                if (port >= 0)
                {
                    Serve(port, index % 2 == 0, queue);
                }

                break;
        }
    }

    private static int ReceiveQueue(int port) => 2 * (port + 2);

    private void Serve(int index, bool receives, Virtqueue queue)
    {
        VirtioPort port = _ports[index];
        if (receives)
        {
            Deliver(index, port, queue);
            return;
        }

        while (queue.TryPop(out DescriptorChain chain))
        {
            Drain(port, chain);
            queue.Push(chain, 0);
        }
    }

    private void Drain(VirtioPort port, DescriptorChain chain)
    {
        for (long done = 0; done < chain.ReadableLength && Transport?.Stopping != true; done += ChunkSize)
        {
            Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, chain.ReadableLength - done));
            if (chain.Read(done, chunk))
            {
                port.Output?.Invoke(chunk);
            }
        }
    }

    /// <summary>Hands over what waits, and behind the last byte that there will be no more.</summary>
    private void Deliver(int index, VirtioPort port, Virtqueue queue)
    {
        while (port.HasInput && queue.TryPop(out DescriptorChain chain))
        {
            int count = port.Take(_chunk.AsSpan(0, (int)Math.Min(ChunkSize, chain.WritableLength)));
            chain.Write(0, _chunk.AsSpan(0, count));
            queue.Push(chain, (uint)count);
        }

        if (port.TryEnd())
        {
            Tell(index, Event.PortOpen, 0);
        }
    }

    private void SendControl(Virtqueue queue)
    {
        while (_control.Count > 0 && queue.TryPop(out DescriptorChain chain))
        {
            byte[] message = _control.Dequeue();
            if (!chain.Write(0, message))
            {
                queue.Fail("there is no room for a message about a port");
                return;
            }

            queue.Push(chain, (uint)message.Length);
        }
    }

    private void ReceiveControl(Virtqueue queue)
    {
        Span<byte> message = stackalloc byte[ControlSize];
        while (queue.TryPop(out DescriptorChain chain))
        {
            if (!chain.Read(0, message) || _control.Count > ControlLimit)
            {
                queue.Fail("a message about a port is too short, or there are too many");
                return;
            }

            uint id = BinaryPrimitives.ReadUInt32LittleEndian(message);
            var what = (Event)BinaryPrimitives.ReadUInt16LittleEndian(message[4..]);
            Hear(id, what, BinaryPrimitives.ReadUInt16LittleEndian(message[6..]));
            queue.Push(chain, 0);
        }
    }

    private void Hear(uint id, Event what, ushort value)
    {
        if (what == Event.DeviceReady)
        {
            _control.Clear();
            for (int index = 0; index < _ports.Count; index++)
            {
                _ports[index].SetOpen(false);
                Tell(index, Event.AddPort, 1);
            }
        }
        else if (id >= 1 && id <= _ports.Count)
        {
            Hear((int)id - 1, what, value);
        }
    }

    /// <summary>
    /// A port is told to be connected before it gets its name: a program that waits for the name finds it so.
    /// </summary>
    private void Hear(int index, Event what, ushort value)
    {
        switch (what)
        {
            case Event.PortReady when value != 0:
                Tell(index, Event.PortOpen, 1);
                Tell(index, Event.PortName, 1, _ports[index].Name);
                break;
            case Event.PortOpen:
                _ports[index].SetOpen(value != 0);
                Transport?.Wake(ReceiveQueue(index));
                break;
        }
    }

    private void Tell(int index, Event what, ushort value, string name = "")
    {
        byte[] message = new byte[ControlSize + name.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, index + 1);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), (ushort)what);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), value);
        Encoding.ASCII.GetBytes(name, message.AsSpan(ControlSize));
        _control.Enqueue(message);
        Transport?.Wake(ControlReceive);
    }
}
