namespace LaKvm.Devices;

/// <summary>The parts of a device's registers, by the numbers of their capabilities (virtio 1.2, 4.1.4).</summary>
internal enum VirtioPciRegion : byte
{
    /// <summary>What every device has.</summary>
    Common = 1,

    /// <summary>Where a driver says that it has filled a queue.</summary>
    Notify = 2,

    /// <summary>Why the pin is high; reading it lowers it.</summary>
    InterruptStatus = 3,

    /// <summary>The device's configuration space.</summary>
    Device = 4,

    /// <summary>Access to the others through PCI's configuration space; not a range of its own.</summary>
    Access = 5,
}

/// <summary>
/// The registers of a virtio device on the PCI bus: four regions, one after the other. Widths other than a register's
/// own read and write that register from its start.
/// </summary>
internal sealed class VirtioPciRegisters : IBusDevice
{
    /// <summary>Bytes of each region.</summary>
    internal const ulong RegionSize = 0x1000;

    /// <summary>Bytes of all.</summary>
    internal const ulong Size = 4 * RegionSize;

    /// <summary>Widths of access; wider ones are made in pieces.</summary>
    internal const AccessWidths Widths = AccessWidths.Byte | AccessWidths.Half | AccessWidths.Word;

    /// <summary>Bytes between the notification registers of neighbouring queues.</summary>
    internal const byte NotifyStride = 4;

    private readonly VirtioControl _control;
    private readonly VirtioPciCommon _common;

    internal VirtioPciRegisters(VirtioControl control, int vectors)
    {
        _control = control;
        _common = new VirtioPciCommon(control, vectors);
    }

    /// <summary>Where a region starts.</summary>
    internal static ushort OffsetOf(VirtioPciRegion region) => (ushort)((int)RegionSize * region switch
    {
        VirtioPciRegion.Common => 0,
        VirtioPciRegion.InterruptStatus => 1,
        VirtioPciRegion.Device => 2,
        _ => 3,
    });

    /// <summary>Where a queue's notification register is.</summary>
    internal static ulong NotifyOffset(int queue) =>
        OffsetOf(VirtioPciRegion.Notify) + ((ulong)queue * NotifyStride);

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size) => (offset / RegionSize) switch
    {
        0 => _common.Read(offset),
        1 => offset == RegionSize ? (ulong)_control.TakeCauses() : 0,
        2 => _control.ReadConfiguration(offset % RegionSize, size),
        _ => 0,
    };

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        switch (offset / RegionSize)
        {
            case 0:
                _common.Write(offset, (uint)value);
                break;
            case 2:
                _control.WriteConfiguration(offset % RegionSize, size, value);
                break;
            case 3:
                // The place says which queue, whatever is written.
                _control.Notify((uint)(offset % RegionSize / NotifyStride));
                break;
        }
    }

    /// <summary>As after power-on.</summary>
    internal void Reset() => _common.Reset();
}
