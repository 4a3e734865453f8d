namespace LaKvm.Devices;

/// <summary>
/// What a driver says about one queue, and the queue once it is ready. Guarded by the control's lock.
/// </summary>
/// <param name="largestSize">Most descriptors.</param>
internal sealed class VirtioQueueRegisters(int largestSize)
{
    private readonly ulong[] _addresses = new ulong[3];

    /// <summary>Most descriptors that the device can take.</summary>
    internal int LargestSize { get; } = largestSize;

    /// <summary>Number of descriptors that the driver wants.</summary>
    internal uint Size { get; private set; } = (uint)largestSize;

    /// <summary>Vector of the queue's interrupts.</summary>
    internal ushort Vector { get; set; } = VirtioControl.NoVector;

    /// <summary>The driver may use the queue; until it takes it back, the other registers are fixed.</summary>
    internal bool Ready { get; private set; }

    /// <summary>The device's side of the queue that was made ready last.</summary>
    internal Virtqueue? Queue { get; private set; }

    /// <summary>Whether the size is one that a split queue can have here (virtio 1.2, 2.7).</summary>
    internal bool HasPossibleSize => uint.IsPow2(Size) && Size <= LargestSize;

    /// <summary>Sets the number of descriptors; ignored while the queue is ready.</summary>
    internal void SetSize(uint size) => Size = Ready ? Size : size;

    /// <summary>Sets half of an address; ignored while the queue is ready.</summary>
    internal void SetAddressHalf(VirtioQueueArea area, int half, uint value)
    {
        if (!Ready)
        {
            _addresses[(int)area] = VirtioControl.WithHalf(_addresses[(int)area], half, value);
        }
    }

    /// <summary>Where a part of the queue is.</summary>
    internal ulong Address(VirtioQueueArea area) => _addresses[(int)area];

    /// <summary>Makes the queue ready.</summary>
    internal Virtqueue Start(IGuestMemory memory, ulong features, Action interrupt)
    {
        var setup = new VirtqueueSetup((int)Size, _addresses[(int)VirtioQueueArea.Descriptors],
            _addresses[(int)VirtioQueueArea.Driver], _addresses[(int)VirtioQueueArea.Device],
            (features & VirtioFeature.IndirectDescriptors) != 0, (features & VirtioFeature.EventIndex) != 0);
        Ready = true;
        return Queue = new Virtqueue(memory, setup, interrupt);
    }

    /// <summary>Takes the queue back; a request in work is still finished.</summary>
    internal void Stop()
    {
        Ready = false;
        Queue?.Stop();
    }

    /// <summary>As after reset.</summary>
    internal void Clear()
    {
        Ready = false;
        Queue = null;
        Size = (uint)LargestSize;
        Vector = VirtioControl.NoVector;
        Array.Clear(_addresses);
    }
}

/// <summary>The parts of a queue, by whose they are to write (virtio 1.2, 2.7).</summary>
internal enum VirtioQueueArea
{
    /// <summary>The descriptor table.</summary>
    Descriptors,

    /// <summary>The available ring.</summary>
    Driver,

    /// <summary>The used ring.</summary>
    Device,
}
