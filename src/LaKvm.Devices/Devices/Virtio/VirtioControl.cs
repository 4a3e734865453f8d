using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>
/// A virtio device as its driver sees it, whatever transport carries the accesses: status, features, queues, causes of
/// interrupts and the configuration space (virtio 1.2, chapter 2). A transport only gives these their addresses. A
/// driver that breaks the rules finds DEVICE_NEEDS_RESET set and the queues stopped. Any thread; a reset waits for the
/// request in work.
/// </summary>
public sealed class VirtioControl : IVirtioTransport, IPausable, IDisposable
{
    /// <summary>No interrupt vector (virtio 1.2, 4.1.5.1.2).</summary>
    public const ushort NoVector = 0xffff;

    private const uint DriverOk = 4, FeaturesOk = 8, NeedsReset = 0x40, Failed = 0x80;

    private readonly Lock _lock = new();
    private readonly VirtioDevice _device;
    private readonly IGuestMemory _memory;
    private readonly IVirtioInterrupt _interrupt;
    private readonly GuestErrorLog _log;
    private readonly VirtioQueueRegisters[] _queues;
    private readonly VirtioWorker _worker;
    private VirtioCauses _causes;
    private ulong _driverFeatures;
    private uint _status, _generation;
    private readonly List<Action> _changesInPause = [];
    private volatile bool _stopping;
    private bool _paused;

    /// <summary>Attaches a device and starts its worker.</summary>
    /// <param name="device">The device; belongs to the control from now on.</param>
    /// <param name="memory">RAM.</param>
    /// <param name="interrupt">How the driver is interrupted.</param>
    /// <param name="log">Reports faults.</param>
    /// <param name="bell">What its worker waits for, and owns; by default one that only the control rings.</param>
    public VirtioControl(VirtioDevice device, IGuestMemory memory, IVirtioInterrupt interrupt, GuestErrorLog log,
        IVirtioBell? bell = null)
    {
        _device = device;
        _memory = memory;
        _interrupt = interrupt;
        _log = log;
        _queues = [.. device.QueueSizes.Select(size => new VirtioQueueRegisters(size))];
        device.Transport = this;
        _worker = new VirtioWorker($"virtio {device.Type}", _queues.Length, bell ?? new VirtioBell(), Serve);
    }

    /// <inheritdoc/>
    public bool Stopping => _stopping;

    /// <summary>What kind of device it is.</summary>
    public VirtioType Type => _device.Type;

    /// <summary>Number of queues.</summary>
    public int QueueCount => _queues.Length;

    /// <summary>Device status (virtio 1.2, 2.1).</summary>
    public uint Status => Volatile.Read(ref _status);

    /// <summary>What the driver has to be told and has not acknowledged.</summary>
    public VirtioCauses Causes
    {
        get
        {
            lock (_lock)
            {
                return _causes;
            }
        }
    }

    /// <summary>Counts the changes of the configuration space: a driver that saw it move reads again.</summary>
    public uint Generation => Volatile.Read(ref _generation);

    /// <summary>Vector of the interrupts of configuration changes.</summary>
    public ushort ConfigurationVector { get; set; } = NoVector;

    private ulong OfferedFeatures => _device.Features | VirtioFeature.Transport;

    private bool Running =>
        (_status & (FeaturesOk | DriverOk | NeedsReset | Failed)) == (FeaturesOk | DriverOk) && !_stopping;

    /// <summary>Replaces half of a 64-bit register.</summary>
    internal static ulong WithHalf(ulong register, int half, uint value) =>
        half == 0 ? (register & 0xffff_ffff_0000_0000) | value : (register & 0xffff_ffff) | ((ulong)value << 32);

    /// <summary>32 of the feature bits that the device offers; words that do not exist are 0.</summary>
    public uint OfferedFeatureWord(uint word) => word < 2 ? (uint)(OfferedFeatures >> (int)(32 * word)) : 0;

    /// <summary>32 of the feature bits that the driver wants.</summary>
    public uint DriverFeatureWord(uint word)
    {
        lock (_lock)
        {
            return word < 2 ? (uint)(_driverFeatures >> (int)(32 * word)) : 0;
        }
    }

    /// <summary>Sets 32 of the feature bits that the driver wants; ignored once they are accepted.</summary>
    public void SetDriverFeatureWord(uint word, uint value)
    {
        lock (_lock)
        {
            if (word < 2 && (_status & FeaturesOk) == 0)
            {
                _driverFeatures = WithHalf(_driverFeatures, (int)word, value);
            }
        }
    }

    /// <summary>
    /// Sets the device status. FEATURES_OK stays clear if the features are not acceptable; 0 resets the device.
    /// </summary>
    public void SetStatus(uint value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }

        lock (_lock)
        {
            if ((_status & FeaturesOk) == 0 && !FeaturesAcceptable())
            {
                value &= ~FeaturesOk;
            }

            bool starts = (value & ~_status & DriverOk) != 0;
            _status = value | (_status & NeedsReset);
            if (starts)
            {
                // A driver may have filled queues before: look at all.
                _worker.Ask((1u << _queues.Length) - 1);
            }
        }
    }

    /// <summary>Waits for the request in work, then forgets all that the driver has said.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _stopping = true;
            StopQueues();
        }

        _worker.Hold();
        lock (_lock)
        {
            Array.ForEach(_queues, queue => queue.Clear());
            ConfigurationVector = NoVector;
            _driverFeatures = 0;
            _status = 0;
            _causes = VirtioCauses.None;
            _interrupt.Release();
            _stopping = false;
        }

        _worker.Continue();
    }

    /// <summary>The driver has put something into a queue; numbers of queues that do not exist are ignored.</summary>
    public void Notify(uint queue)
    {
        if (queue < (uint)_queues.Length)
        {
            _worker.Ask(1u << (int)queue);
        }
    }

    /// <summary>The driver has seen causes of interrupts.</summary>
    public void Acknowledge(VirtioCauses causes)
    {
        lock (_lock)
        {
            _causes &= ~causes;
            if (_causes == VirtioCauses.None)
            {
                _interrupt.Release();
            }
        }
    }

    /// <summary>Tells the causes of interrupts, and that the driver has seen them.</summary>
    public VirtioCauses TakeCauses()
    {
        lock (_lock)
        {
            VirtioCauses causes = _causes;
            Acknowledge(causes);
            return causes;
        }
    }

    /// <summary>Reads the configuration space; bytes past its end are 0.</summary>
    public ulong ReadConfiguration(ulong offset, int size)
    {
        lock (_lock)
        {
            ReadOnlySpan<byte> bytes = _device.Configuration;
            ulong value = 0;
            for (int i = 0; i < size && offset + (ulong)i < (ulong)bytes.Length; i++)
            {
                value |= (ulong)bytes[(int)offset + i] << (8 * i);
            }

            return value;
        }
    }

    /// <summary>Writes the configuration space, as far as the device lets a driver.</summary>
    public void WriteConfiguration(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            if (offset + (ulong)size <= (ulong)_device.Configuration.Length)
            {
                _device.WriteConfiguration((int)offset, size, value);
            }
        }
    }

    /// <inheritdoc/>
    public void ChangeConfiguration(Action change)
    {
        lock (_lock)
        {
            if (_paused)
            {
                _changesInPause.Add(change);
                return;
            }

            change();
            _generation++;
            TellConfigurationChange();
        }
    }

    /// <summary>No queue is served, and the configuration does not change.</summary>
    public bool Pause(TimeSpan patience)
    {
        bool held = _worker.TryHold(patience);
        lock (_lock)
        {
            _paused = held;
        }

        return held;
    }

    /// <inheritdoc/>
    public void Resume()
    {
        lock (_lock)
        {
            _paused = false;
            _changesInPause.ForEach(ChangeConfiguration);
            _changesInPause.Clear();
        }

        _worker.Continue();
    }

    /// <inheritdoc/>
    public void Wake(int queue) => Notify((uint)queue);

    /// <inheritdoc/>
    public void Report(string message) => _log.Report($"virtio {_device.Type}: {message}");

    /// <summary>Ends the worker and the device.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
            StopQueues();
        }

        _worker.Dispose();
        _device.Dispose();
    }

    /// <summary>What the driver says about a queue; null if there is none of that number.</summary>
    internal VirtioQueueRegisters? Queue(uint index) => index < (uint)_queues.Length ? _queues[index] : null;

    /// <summary>
    /// Gives a queue to the device, or takes it back once it is not served any more. One of an impossible size is not
    /// taken.
    /// </summary>
    internal void SetReady(VirtioQueueRegisters queue, bool ready)
    {
        if (!ready)
        {
            lock (_lock)
            {
                queue.Stop();
            }

            _worker.Hold();
            _worker.Continue();
            return;
        }

        lock (_lock)
        {
            if (!queue.Ready && queue.HasPossibleSize)
            {
                CheckQueue(queue.Start(_memory, _driverFeatures, () => RaiseUsedBuffer(queue)));
            }
        }
    }

    /// <summary>Sets a queue's number of descriptors; ignored while it is ready.</summary>
    internal void SetSize(VirtioQueueRegisters queue, uint size)
    {
        lock (_lock)
        {
            queue.SetSize(size);
        }
    }

    /// <summary>Sets half of an address of a queue; ignored while it is ready.</summary>
    internal void SetAddressHalf(VirtioQueueRegisters queue, VirtioQueueArea area, int half, uint value)
    {
        lock (_lock)
        {
            queue.SetAddressHalf(area, half, value);
        }
    }

    private bool FeaturesAcceptable() =>
        (_driverFeatures & ~OfferedFeatures) == 0 && (_driverFeatures & VirtioFeature.Version1) != 0;

    private void StopQueues() => Array.ForEach(_queues, queue => queue.Queue?.Stop());

    private void RaiseUsedBuffer(VirtioQueueRegisters queue)
    {
        lock (_lock)
        {
            Tell(VirtioCauses.UsedBuffer, queue.Vector);
        }
    }

    /// <summary>Only a driver that has started hears of changes (virtio 1.2, 2.1.2).</summary>
    private void TellConfigurationChange()
    {
        if ((_status & DriverOk) != 0)
        {
            Tell(VirtioCauses.ConfigurationChange, ConfigurationVector);
        }
    }

    private void Tell(VirtioCauses cause, ushort vector)
    {
        bool isNew = (_causes & cause) == VirtioCauses.None;
        _causes |= cause;
        _interrupt.Raise(vector, isNew);
    }

    /// <summary>The device gives up on a driver that broke the rules (virtio 1.2, 2.1.2).</summary>
    private void CheckQueue(Virtqueue queue)
    {
        if (queue.Error != null && (_status & NeedsReset) == 0)
        {
            Report($"needs a reset: {queue.Error}");
            _status |= NeedsReset;
            TellConfigurationChange();
        }
    }

    /// <summary>
    /// The worker serves a queue, without the lock. A queue that cannot be served is passed over: all are looked at
    /// when the driver starts.
    /// </summary>
    private void Serve(int index)
    {
        Virtqueue? queue;
        lock (_lock)
        {
            queue = Running && _queues[index].Ready ? _queues[index].Queue : null;
        }

        if (queue == null)
        {
            return;
        }

        _device.Process(index, queue);
        lock (_lock)
        {
            CheckQueue(queue);
        }
    }
}
