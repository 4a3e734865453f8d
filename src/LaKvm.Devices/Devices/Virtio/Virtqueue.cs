using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>Where a driver put a queue, and how they talk.</summary>
/// <param name="Size">Number of descriptors, a power of two.</param>
/// <param name="Descriptors">Physical address of the descriptor table.</param>
/// <param name="Driver">Physical address of the available ring.</param>
/// <param name="Device">Physical address of the used ring.</param>
/// <param name="Indirect">VIRTIO_F_INDIRECT_DESC was negotiated.</param>
/// <param name="EventIndex">VIRTIO_F_EVENT_IDX was negotiated.</param>
internal readonly record struct VirtqueueSetup(
    int Size, ulong Descriptors, ulong Driver, ulong Device, bool Indirect, bool EventIndex);

/// <summary>
/// The device's side of a split virtqueue (virtio 1.2, 2.7). Everything in it is the driver's word, so everything is
/// checked; at the first offence the queue stops and <see cref="Error"/> says why. Used by one thread at a time.
/// </summary>
public sealed class Virtqueue
{
    /// <summary>Most descriptors of a chain, indirect ones included: a loop ends here.</summary>
    public const int LongestChain = 1024;

    private const int DescriptorSize = 16, UsedElementSize = 8, RingHeader = 4;
    private const ushort Next = 1, Writable = 2, Indirect = 4;
    private const ushort NoInterrupt = 1;

    private readonly IGuestMemory _memory;
    private readonly VirtqueueSetup _setup;
    private readonly Action _interrupt;
    private readonly DescriptorChain _chain;
    private ushort _available;
    private ushort _used;
    private volatile bool _stopped;

    /// <summary>Makes the device's side of a queue that the driver has set up.</summary>
    /// <param name="memory">Where the queue is.</param>
    /// <param name="setup">Where exactly.</param>
    /// <param name="interrupt">Called when the driver wants to know of a used buffer.</param>
    internal Virtqueue(IGuestMemory memory, in VirtqueueSetup setup, Action interrupt)
    {
        _memory = memory;
        _setup = setup;
        _interrupt = interrupt;
        _chain = new DescriptorChain(memory);
        bool placed = setup.Descriptors % 16 == 0 && setup.Driver % 2 == 0 && setup.Device % 4 == 0
            && memory.Contains(setup.Descriptors, (ulong)(DescriptorSize * setup.Size))
            && memory.Contains(setup.Driver, (ulong)(RingHeader + (2 * setup.Size) + 2))
            && memory.Contains(setup.Device, (ulong)(RingHeader + (UsedElementSize * setup.Size) + 2));
        Error = placed ? null : "the queue is not in RAM or not aligned";
    }

    /// <summary>What the driver did wrong, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// Takes the next request. The chain is the queue's only one: push it before taking another. False if there is none
    /// or the queue has stopped.
    /// </summary>
    public bool TryPop(out DescriptorChain chain)
    {
        chain = _chain;
        if (_stopped || Error != null || !AnyAvailable())
        {
            return false;
        }

        ulong entry = _setup.Driver + RingHeader + (2 * (ulong)(_available % _setup.Size));
        ushort head = Read16(entry);
        _available++;
        Error = Walk(head);
        return Error == null;
    }

    /// <summary>Puts the request taken last back to the front.</summary>
    public void Unpop() => _available--;

    /// <summary>Hands a request back to the driver.</summary>
    /// <param name="chain">The request.</param>
    /// <param name="written">Bytes written to its writable part.</param>
    public void Push(DescriptorChain chain, uint written)
    {
        ulong element = _setup.Device + RingHeader + (UsedElementSize * (ulong)(_used % _setup.Size));
        Span<byte> bytes = stackalloc byte[UsedElementSize];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, chain.Head);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], written);
        _memory.Write(element, bytes);
        _used++;
        // The element and the data must be visible before the index, and the index before the driver's wish is read.
        Thread.MemoryBarrier();
        Write16(_setup.Device + 2, _used);
        Thread.MemoryBarrier();
        if (WantsInterrupt())
        {
            _interrupt();
        }
    }

    /// <summary>Stops the queue for a request that makes no sense to the device.</summary>
    public void Fail(string reason) => Error ??= reason;

    /// <summary>Lets the device's thread see no more requests; any thread.</summary>
    internal void Stop() => _stopped = true;

    private bool AnyAvailable()
    {
        ushort index = Read16(_setup.Driver + 2);
        if (index == _available && _setup.EventIndex)
        {
            // Ask for a notification, then look again: the driver may have added one before it saw the wish.
            Write16(_setup.Device + RingHeader + (UsedElementSize * (ulong)_setup.Size), _available);
            Thread.MemoryBarrier();
            index = Read16(_setup.Driver + 2);
        }

        var waiting = (ushort)(index - _available);
        if (waiting > _setup.Size)
        {
            Error = $"{waiting} requests are available in a queue of {_setup.Size}";
            return false;
        }

        Thread.MemoryBarrier();
        return waiting != 0;
    }

    private bool WantsInterrupt()
    {
        if (!_setup.EventIndex)
        {
            return (Read16(_setup.Driver) & NoInterrupt) == 0;
        }

        // The driver names the used index whose passing it wants to hear of (virtio 1.2, 2.7.7.2).
        return Read16(_setup.Driver + RingHeader + (2 * (ulong)_setup.Size)) == (ushort)(_used - 1);
    }

    /// <summary>Collects the buffers of a chain, or says what is wrong with it.</summary>
    private string? Walk(ushort head)
    {
        _chain.Begin(head);
        ulong table = _setup.Descriptors;
        uint entries = (uint)_setup.Size;
        uint index = head;
        Span<byte> bytes = stackalloc byte[DescriptorSize];
        for (int count = 0; count < LongestChain; count++)
        {
            if (index >= entries || !_memory.Read(table + (index * DescriptorSize), bytes))
            {
                return $"descriptor {index} is not in its table";
            }

            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]);
            if ((flags & Indirect) != 0)
            {
                // Only the chain's last direct descriptor may be indirect, and only once (virtio 1.2, 2.7.5.3).
                if (!_setup.Indirect || (flags & Next) != 0 || table != _setup.Descriptors || length == 0
                    || length % DescriptorSize != 0 || !_memory.Contains(address, length))
                {
                    return "an indirect descriptor is malformed";
                }

                (table, entries, index) = (address, length / DescriptorSize, 0);
                continue;
            }

            string? error = _chain.Add(address, length, (flags & Writable) != 0);
            if (error != null || (flags & Next) == 0)
            {
                return error;
            }

            index = BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]);
        }

        return "a chain does not end";
    }

    private ushort Read16(ulong address)
    {
        Span<byte> bytes = stackalloc byte[2];
        if (!_memory.Read(address, bytes))
        {
            Fail("the queue is no longer in RAM");
        }

        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    private void Write16(ulong address, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _memory.Write(address, bytes);
    }
}
