namespace LaKvm.Devices;

/// <summary>The common configuration registers of the PCI transport (virtio 1.2, 4.1.4.3).</summary>
/// <param name="control">The device.</param>
/// <param name="vectors">Number of interrupt vectors.</param>
internal sealed class VirtioPciCommon(VirtioControl control, int vectors)
{
    private const ulong DeviceFeatureSelect = 0x00, DeviceFeature = 0x04, DriverFeatureSelect = 0x08,
        DriverFeature = 0x0c, ConfigurationVector = 0x10, QueueCount = 0x12, Status = 0x14, Generation = 0x15,
        QueueSelect = 0x16, QueueSize = 0x18, QueueVector = 0x1a, QueueEnable = 0x1c, QueueNotifyOffset = 0x1e,
        QueueAddresses = 0x20, QueueAddressesEnd = 0x38;

    private uint _deviceFeatureSelect, _driverFeatureSelect, _queueSelect;

    private VirtioQueueRegisters? Selected => control.Queue(_queueSelect);

    internal ulong Read(ulong offset) => offset switch
    {
        DeviceFeatureSelect => _deviceFeatureSelect,
        DeviceFeature => control.OfferedFeatureWord(_deviceFeatureSelect),
        DriverFeatureSelect => _driverFeatureSelect,
        DriverFeature => control.DriverFeatureWord(_driverFeatureSelect),
        ConfigurationVector => control.ConfigurationVector,
        QueueCount => (ulong)control.QueueCount,
        Status => control.Status,
        Generation => (byte)control.Generation,
        QueueSelect => _queueSelect,
        QueueSize => Selected?.Size ?? 0,
        QueueVector => Selected?.Vector ?? VirtioControl.NoVector,
        QueueEnable => Selected?.Ready == true ? 1u : 0,
        QueueNotifyOffset => Selected == null ? 0 : _queueSelect,
        >= QueueAddresses and < QueueAddressesEnd => ReadAddress(offset),
        _ => 0,
    };

    internal void Write(ulong offset, uint value)
    {
        switch (offset)
        {
            case DeviceFeatureSelect:
                _deviceFeatureSelect = value;
                break;
            case DriverFeatureSelect:
                _driverFeatureSelect = value;
                break;
            case DriverFeature:
                control.SetDriverFeatureWord(_driverFeatureSelect, value);
                break;
            case ConfigurationVector:
                control.ConfigurationVector = Existing(value);
                break;
            case Status when (byte)value == 0:
                Reset();
                break;
            case Status:
                control.SetStatus((byte)value);
                break;
            case QueueSelect:
                _queueSelect = (ushort)value;
                break;
            default:
                WriteQueueRegister(offset, value);
                break;
        }
    }

    internal void Reset()
    {
        control.Reset();
        _deviceFeatureSelect = _driverFeatureSelect = _queueSelect = 0;
    }

    private static (VirtioQueueArea Area, int Half) AddressAt(ulong offset) =>
        ((VirtioQueueArea)((offset - QueueAddresses) / sizeof(ulong)), (int)(offset & 4) / 4);

    /// <summary>A driver sees by reading back that there is no such vector.</summary>
    private ushort Existing(uint vector) => (ushort)vector < vectors ? (ushort)vector : VirtioControl.NoVector;

    private ulong ReadAddress(ulong offset)
    {
        (VirtioQueueArea area, int half) = AddressAt(offset);
        return offset % 4 == 0 ? (uint)((Selected?.Address(area) ?? 0) >> (32 * half)) : 0;
    }

    private void WriteQueueRegister(ulong offset, uint value)
    {
        if (Selected is not { } queue)
        {
            return;
        }

        switch (offset)
        {
            case QueueSize:
                control.SetSize(queue, (ushort)value);
                break;
            case QueueVector:
                queue.Vector = Existing(value);
                break;
            case QueueEnable when (ushort)value == 1: // drivers may not disable (virtio 1.2, 4.1.4.3.2)
                control.SetReady(queue, true);
                break;
            case >= QueueAddresses and < QueueAddressesEnd when offset % 4 == 0:
                (VirtioQueueArea area, int half) = AddressAt(offset);
                control.SetAddressHalf(queue, area, half, value);
                break;
        }
    }
}
