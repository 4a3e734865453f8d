namespace LaKvm.Devices;

/// <summary>Why a driver is interrupted; the bits of the interrupt status (virtio 1.2, 4.1.4.5 and 4.2.2).</summary>
[Flags]
public enum VirtioCauses : uint
{
    /// <summary>There is no reason.</summary>
    None = 0,

    /// <summary>The device has used a buffer of some queue.</summary>
    UsedBuffer = 1,

    /// <summary>The configuration space has changed, or the device needs a reset.</summary>
    ConfigurationChange = 2,
}
