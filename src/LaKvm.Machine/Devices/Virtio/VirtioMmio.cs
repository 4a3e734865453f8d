namespace LaKvm.Machine;

/// <summary>
/// The memory-mapped virtio transport, version 2 (virtio 1.2, 4.2): registers towards the driver, and a worker thread
/// that serves the queues. A driver that breaks the rules finds DEVICE_NEEDS_RESET set and the queues stopped.
/// </summary>
public sealed class VirtioMmio : IBusDevice, IVirtioTransport, IDisposable
{
    /// <summary>Bytes of the window; the configuration space is its second half.</summary>
    public const ulong Size = 0x200;

    private const ulong Magic = 0x00, Version = 0x04, DeviceId = 0x08, VendorId = 0x0c, DeviceFeatures = 0x10,
        DeviceFeaturesSelect = 0x14, DriverFeatures = 0x20, DriverFeaturesSelect = 0x24, QueueSelect = 0x30,
        QueueSizeMax = 0x34, QueueSize = 0x38, QueueReady = 0x44, QueueNotify = 0x50, InterruptStatus = 0x60,
        InterruptAcknowledge = 0x64, Status = 0x70, QueueDescriptors = 0x80, QueueDriver = 0x90, QueueDevice = 0xa0,
        SharedMemoryLength = 0xb0, SharedMemoryBase = 0xb8, Configuration = 0x100;

    private const uint MagicValue = 0x7472_6976, VersionValue = 2, VendorValue = 0x764b_614c; // "virt", "LaKv"
    private const uint FeaturesOk = 8, DriverOk = 4, NeedsReset = 0x40, Failed = 0x80;
    private const uint UsedBuffer = 1, ConfigurationChange = 2;

    private readonly object _lock = new();
    private readonly VirtioDevice _device;
    private readonly IGuestMemory _memory;
    private readonly IInterruptLine _line;
    private readonly GuestErrorLog _log;
    private readonly QueueRegisters[] _queues;
    private readonly Thread _worker;
    private uint _status, _interruptStatus, _queueSelect, _deviceFeaturesSelect, _driverFeaturesSelect;
    private ulong _driverFeatures;
    private uint _pending;
    private bool _busy, _closing;
    private volatile bool _stopping;

    /// <summary>Attaches a device and starts its worker.</summary>
    /// <param name="device">The device; belongs to the transport from now on.</param>
    /// <param name="memory">RAM.</param>
    /// <param name="line">The slot's interrupt.</param>
    /// <param name="log">Reports faults.</param>
    public VirtioMmio(VirtioDevice device, IGuestMemory memory, IInterruptLine line, GuestErrorLog log)
    {
        _device = device;
        _memory = memory;
        _line = line;
        _log = log;
        _queues = [.. device.QueueSizes.Select(_ => new QueueRegisters())];
        device.Transport = this;
        _worker = new Thread(Work) { IsBackground = true, Name = $"virtio {device.Type}" };
        _worker.Start();
    }

    /// <inheritdoc/>
    public bool Stopping => _stopping;

    private ulong OfferedFeatures => _device.Features | VirtioFeature.Transport;

    private QueueRegisters? Selected => _queueSelect < _queues.Length ? _queues[_queueSelect] : null;

    private bool Running =>
        (_status & (FeaturesOk | DriverOk | NeedsReset | Failed)) == (FeaturesOk | DriverOk) && !_stopping;

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        if (offset >= Configuration)
        {
            return ReadConfiguration(offset - Configuration, size);
        }

        if (size != 4)
        {
            return 0;
        }

        lock (_lock)
        {
            return ReadRegister(offset);
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        // No device here has a writable configuration space.
        if (offset < Configuration && size == 4)
        {
            lock (_lock)
            {
                WriteRegister(offset, (uint)value);
            }
        }
    }

    /// <summary>As a driver's reset: waits for the request in work, then forgets the queues.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            StopQueues();
            WaitForWorker();
            foreach (QueueRegisters queue in _queues)
            {
                queue.Clear();
            }

            _status = _interruptStatus = _queueSelect = _deviceFeaturesSelect = _driverFeaturesSelect = 0;
            _driverFeatures = 0;
            _pending = 0;
            _stopping = false;
            _line.Set(false);
        }
    }

    /// <inheritdoc/>
    public void Wake(int queue)
    {
        lock (_lock)
        {
            if ((uint)queue < (uint)_queues.Length)
            {
                _pending |= 1u << queue;
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <inheritdoc/>
    public void Report(string message) => _log.Report($"virtio {_device.Type}", message);

    /// <summary>Ends the worker and the device.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closing = true;
            StopQueues();
            Monitor.PulseAll(_lock);
        }

        _worker.Join();
        _device.Dispose();
    }

    private ulong ReadConfiguration(ulong offset, int size)
    {
        ReadOnlySpan<byte> bytes = _device.Configuration;
        ulong value = 0;
        for (int i = 0; i < size && offset + (ulong)i < (ulong)bytes.Length; i++)
        {
            value |= (ulong)bytes[(int)offset + i] << (8 * i);
        }

        return value;
    }

    private uint ReadRegister(ulong offset) => offset switch
    {
        Magic => MagicValue,
        Version => VersionValue,
        DeviceId => (uint)_device.Type,
        VendorId => VendorValue,
        DeviceFeatures => _deviceFeaturesSelect < 2 ? (uint)(OfferedFeatures >> (int)(32 * _deviceFeaturesSelect)) : 0,
        QueueSizeMax => Selected == null ? 0 : (uint)_device.QueueSizes[(int)_queueSelect],
        QueueReady => Selected?.Ready == true ? 1u : 0,
        InterruptStatus => _interruptStatus,
        Status => _status,
        // There is no shared memory region: all ones (virtio 1.2, 4.2.2).
        SharedMemoryLength or SharedMemoryLength + 4 or SharedMemoryBase or SharedMemoryBase + 4 => uint.MaxValue,
        // Also ConfigurationGeneration (0xfc): the configuration space never changes.
        _ => 0,
    };

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case DeviceFeaturesSelect:
                _deviceFeaturesSelect = value;
                break;
            case DriverFeatures when (_status & FeaturesOk) == 0 && _driverFeaturesSelect < 2:
                _driverFeatures = SetHalf(_driverFeatures, (int)_driverFeaturesSelect, value);
                break;
            case DriverFeaturesSelect:
                _driverFeaturesSelect = value;
                break;
            case QueueSelect:
                _queueSelect = value;
                break;
            case QueueNotify when value < _queues.Length:
                _pending |= 1u << (int)value;
                Monitor.PulseAll(_lock);
                break;
            case InterruptAcknowledge:
                _interruptStatus &= ~value;
                _line.Set(_interruptStatus != 0);
                break;
            case Status:
                WriteStatus(value);
                break;
            default:
                WriteQueueRegister(offset, value);
                break;
        }
    }

    private void WriteQueueRegister(ulong offset, uint value)
    {
        if (Selected is not { } queue)
        {
            return;
        }

        switch (offset)
        {
            case QueueReady:
                SetReady(queue, value != 0);
                break;
            case QueueSize when !queue.Ready:
                queue.Size = value;
                break;
            case QueueDescriptors or QueueDescriptors + 4 when !queue.Ready:
                queue.Descriptors = SetHalf(queue.Descriptors, (int)(offset - QueueDescriptors) / 4, value);
                break;
            case QueueDriver or QueueDriver + 4 when !queue.Ready:
                queue.Driver = SetHalf(queue.Driver, (int)(offset - QueueDriver) / 4, value);
                break;
            case QueueDevice or QueueDevice + 4 when !queue.Ready:
                queue.Device = SetHalf(queue.Device, (int)(offset - QueueDevice) / 4, value);
                break;
        }
    }

    private static ulong SetHalf(ulong register, int half, uint value) =>
        half == 0 ? (register & 0xffff_ffff_0000_0000) | value : (register & 0xffff_ffff) | ((ulong)value << 32);

    private void SetReady(QueueRegisters queue, bool ready)
    {
        if (!ready)
        {
            queue.Ready = false;
            queue.Queue?.Stop();
            WaitForWorker();
            return;
        }

        if (queue.Ready || !uint.IsPow2(queue.Size) || queue.Size > _device.QueueSizes[(int)_queueSelect])
        {
            return;
        }

        var setup = new VirtqueueSetup((int)queue.Size, queue.Descriptors, queue.Driver, queue.Device,
            (_driverFeatures & VirtioFeature.IndirectDescriptors) != 0,
            (_driverFeatures & VirtioFeature.EventIndex) != 0);
        queue.Queue = new Virtqueue(_memory, setup, RaiseUsedBuffer);
        queue.Ready = true;
        CheckQueue(queue.Queue);
    }

    private void WriteStatus(uint value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }

        bool acceptable = (_driverFeatures & ~OfferedFeatures) == 0 && (_driverFeatures & VirtioFeature.Version1) != 0;
        if ((value & FeaturesOk) != 0 && (_status & FeaturesOk) == 0 && !acceptable)
        {
            value &= ~FeaturesOk;
        }

        bool starts = (value & ~_status & DriverOk) != 0;
        _status = value | (_status & NeedsReset);
        if (starts)
        {
            // A driver may have filled queues before: look at all.
            _pending = (1u << _queues.Length) - 1;
            Monitor.PulseAll(_lock);
        }
    }

    private void StopQueues()
    {
        _stopping = true;
        foreach (QueueRegisters queue in _queues)
        {
            queue.Queue?.Stop();
        }
    }

    /// <summary>Releases the lock until the worker serves no queue.</summary>
    private void WaitForWorker()
    {
        while (_busy)
        {
            Monitor.Wait(_lock);
        }
    }

    private void RaiseUsedBuffer()
    {
        lock (_lock)
        {
            _interruptStatus |= UsedBuffer;
            _line.Set(true);
        }
    }

    /// <summary>The device gives up on a driver that broke the rules (virtio 1.2, 2.1.2).</summary>
    private void CheckQueue(Virtqueue queue)
    {
        if (queue.Error != null && (_status & NeedsReset) == 0)
        {
            Report($"needs a reset: {queue.Error}");
            _status |= NeedsReset;
            _interruptStatus |= (_status & DriverOk) != 0 ? ConfigurationChange : 0;
            _line.Set(_interruptStatus != 0);
        }
    }

    private void Work()
    {
        lock (_lock)
        {
            while (!_closing)
            {
                int index = System.Numerics.BitOperations.TrailingZeroCount(_pending);
                if (!Running || index >= _queues.Length)
                {
                    Monitor.Wait(_lock);
                    continue;
                }

                _pending &= ~(1u << index);
                if (_queues[index] is { Ready: true, Queue: { } queue })
                {
                    Serve(index, queue);
                }
            }
        }
    }

    /// <summary>Serves a queue without the lock: a core's register access never waits for I/O.</summary>
    private void Serve(int index, Virtqueue queue)
    {
        _busy = true;
        Monitor.Exit(_lock);
        try
        {
            _device.Process(index, queue);
        }
        finally
        {
            Monitor.Enter(_lock);
            _busy = false;
            Monitor.PulseAll(_lock);
        }

        CheckQueue(queue);
    }

    private sealed class QueueRegisters
    {
        internal uint Size;
        internal ulong Descriptors, Driver, Device;
        internal bool Ready;
        internal Virtqueue? Queue;

        internal void Clear()
        {
            Size = 0;
            Descriptors = Driver = Device = 0;
            Ready = false;
            Queue = null;
        }
    }
}
