using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>
/// The memory-mapped virtio transport, version 2 (virtio 1.2, 4.2): the addresses under which a driver finds a
/// <see cref="VirtioControl"/>, and a wire for its interrupts.
/// </summary>
public sealed class VirtioMmio : IBusDevice, IDeviceState, IPausable, IDisposable
{
    /// <summary>Bytes of the window; the configuration space is its second half.</summary>
    public const ulong Size = 0x200;

    /// <summary>Where a driver writes the number of a queue that it has filled.</summary>
    public const ulong QueueNotify = 0x50;

    private const ulong Magic = 0x00, Version = 0x04, DeviceId = 0x08, VendorId = 0x0c, DeviceFeatures = 0x10,
        DeviceFeaturesSelect = 0x14, DriverFeatures = 0x20, DriverFeaturesSelect = 0x24, QueueSelect = 0x30,
        QueueSizeMax = 0x34, QueueSize = 0x38, QueueReady = 0x44, InterruptStatus = 0x60,
        InterruptAcknowledge = 0x64, Status = 0x70, QueueDescriptors = 0x80, QueueDriver = 0x90, QueueDevice = 0xa0,
        SharedMemoryLength = 0xb0, SharedMemoryBase = 0xb8, Generation = 0xfc, Configuration = 0x100;

    private const uint MagicValue = 0x7472_6976, VersionValue = 2, VendorValue = 0x764b_614c; // "virt", "LaKv"

    private readonly VirtioControl _control;
    private uint _queueSelect, _deviceFeaturesSelect, _driverFeaturesSelect;

    /// <summary>Attaches a device.</summary>
    /// <param name="device">The device; belongs to the transport from now on.</param>
    /// <param name="memory">RAM.</param>
    /// <param name="line">The slot's interrupt.</param>
    /// <param name="log">Reports faults.</param>
    /// <param name="bell">Rung by writes to <see cref="QueueNotify"/> that do not come here; null if all do.</param>
    public VirtioMmio(VirtioDevice device, IGuestMemory memory, IInterruptLine line, GuestErrorLog log,
        IVirtioBell? bell = null) =>
        _control = new VirtioControl(device, memory, new VirtioWire(line), log, bell);

    private VirtioQueueRegisters? Selected => _control.Queue(_queueSelect);

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size) =>
        offset >= Configuration ? _control.ReadConfiguration(offset - Configuration, size)
        : size == sizeof(uint) ? ReadRegister(offset)
        : 0;

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset >= Configuration)
        {
            _control.WriteConfiguration(offset - Configuration, size, value);
        }
        else if (size == sizeof(uint))
        {
            WriteRegister(offset, (uint)value);
        }
    }

    /// <summary>As a driver's reset.</summary>
    public void Reset()
    {
        _control.Reset();
        _queueSelect = _deviceFeaturesSelect = _driverFeaturesSelect = 0;
    }

    /// <inheritdoc/>
    public bool Pause(TimeSpan patience) => _control.Pause(patience);

    /// <inheritdoc/>
    public void Resume() => _control.Resume();

    /// <summary>Ends the device.</summary>
    public void Dispose() => _control.Dispose();

    private uint ReadRegister(ulong offset) => offset switch
    {
        Magic => MagicValue,
        Version => VersionValue,
        DeviceId => (uint)_control.Type,
        VendorId => VendorValue,
        DeviceFeatures => _control.OfferedFeatureWord(_deviceFeaturesSelect),
        QueueSizeMax => (uint)(Selected?.LargestSize ?? 0),
        QueueReady => Selected?.Ready == true ? 1u : 0,
        InterruptStatus => (uint)_control.Causes,
        Status => _control.Status,
        Generation => _control.Generation,
        // There is no shared memory region: all ones (virtio 1.2, 4.2.2).
        SharedMemoryLength or SharedMemoryLength + 4 or SharedMemoryBase or SharedMemoryBase + 4 => uint.MaxValue,
        _ => 0,
    };

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case DeviceFeaturesSelect:
                _deviceFeaturesSelect = value;
                break;
            case DriverFeatures:
                _control.SetDriverFeatureWord(_driverFeaturesSelect, value);
                break;
            case DriverFeaturesSelect:
                _driverFeaturesSelect = value;
                break;
            case QueueSelect:
                _queueSelect = value;
                break;
            case QueueNotify:
                _control.Notify(value);
                break;
            case InterruptAcknowledge:
                _control.Acknowledge((VirtioCauses)value);
                break;
            case Status when value == 0:
                Reset();
                break;
            case Status:
                _control.SetStatus(value);
                break;
            default:
                WriteQueueRegister(offset, value);
                break;
        }
    }

    /// <summary>Whose address a register is: there are three pairs, 16 bytes apart.</summary>
    private static VirtioQueueArea AreaAt(ulong offset) => (VirtioQueueArea)((offset - QueueDescriptors) / 16);

    private void WriteQueueRegister(ulong offset, uint value)
    {
        if (Selected is not { } queue)
        {
            return;
        }

        switch (offset)
        {
            case QueueReady:
                _control.SetReady(queue, value != 0);
                break;
            case QueueSize:
                _control.SetSize(queue, value);
                break;
            case QueueDescriptors or QueueDriver or QueueDevice:
                _control.SetAddressHalf(queue, AreaAt(offset), half: 0, value);
                break;
            case QueueDescriptors + 4 or QueueDriver + 4 or QueueDevice + 4:
                _control.SetAddressHalf(queue, AreaAt(offset), half: 1, value);
                break;
        }
    }
}
