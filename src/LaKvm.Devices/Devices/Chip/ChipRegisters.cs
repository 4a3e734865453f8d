namespace LaKvm.Devices;

/// <summary>
/// The identification and configuration registers of the 3A5000 in IOCSR space from 0 (3A5000 manual, "Chip
/// configuration registers"): the same for every core.
/// </summary>
/// <param name="nodeCounter">Reads the node counter.</param>
/// <param name="virtualMachine">
/// Whether <see cref="Features"/> tells software that it runs in a virtual machine.
/// </param>
/// <param name="functionChanged">
/// Receives the new value when the miscellaneous functions are written; may be null.
/// </param>
public sealed class ChipRegisters(Func<ulong> nodeCounter, bool virtualMachine, Action<ulong>? functionChanged)
    : IIocsrDevice
{
    /// <summary>Bytes of the window at IOCSR 0.</summary>
    public const uint Size = 0x428;

    /// <summary>Chip version.</summary>
    public const uint Version = 0x0;

    /// <summary>Feature bits.</summary>
    public const uint Features = 0x8;

    /// <summary>Vendor, 8 ASCII characters.</summary>
    public const uint Vendor = 0x10;

    /// <summary>CPU name, 8 ASCII characters.</summary>
    public const uint Name = 0x20;

    /// <summary>Node counter: the stable counter's ticks.</summary>
    public const uint NodeCounter = 0x408;

    /// <summary>Miscellaneous functions.</summary>
    public const uint Function = 0x420;

    /// <summary>Bit of <see cref="Function"/> that lets the EIOINTC deliver.</summary>
    public const int ExtendedInterruptEnable = 48;

    /// <summary>Bit of <see cref="Function"/> that makes the EIOINTC's ipmap numbers.</summary>
    public const int ExtendedInterruptPinNumbers = 49;

    private const ulong VersionValue = 0x11;
    private const ulong VendorValue = 0x6e6f_7367_6e6f_6f4c; // "Loongson"
    private const ulong NameValue = 0x0000_3030_3035_4133; // "3A5000"

    // No temperature sensor, frequency scaling or DVFS: each would bind a driver to hardware that is not modelled.
    private const ulong NodeCounterFeature = 1 << 1, MsiFeature = 1 << 2, ExtendedInterruptFeature = 1 << 3,
        IpiFeature = 1 << 4, VirtualMachineFeature = 1 << 11;

    private ulong _function;

    /// <summary>Whether the miscellaneous functions let the EIOINTC deliver.</summary>
    public static bool InterruptsEnabled(ulong functions) => (functions >> ExtendedInterruptEnable & 1) != 0;

    /// <summary>How the miscellaneous functions let the EIOINTC read its pin map.</summary>
    public static EiointcFeatures InterruptEncoding(ulong functions) =>
        (functions >> ExtendedInterruptPinNumbers & 1) != 0 ? EiointcFeatures.PinEncoding : EiointcFeatures.None;

    /// <summary>
    /// As firmware leaves them to a kernel: extended interrupts are on. After power-on they are off, but a kernel that
    /// is started without firmware finds nobody who has switched them on.
    /// </summary>
    public void Reset() => SetFunction(1UL << ExtendedInterruptEnable);

    /// <inheritdoc/>
    public ulong Read(int core, uint offset, int size) => Lane.Extract((offset & ~7u) switch
    {
        Version => VersionValue,
        Features => NodeCounterFeature | MsiFeature | ExtendedInterruptFeature | IpiFeature
            | (virtualMachine ? VirtualMachineFeature : 0),
        Vendor => VendorValue,
        Name => NameValue,
        NodeCounter => nodeCounter(),
        Function => Volatile.Read(ref _function),
        _ => 0,
    }, offset);

    /// <inheritdoc/>
    public void Write(int core, uint offset, int size, ulong value)
    {
        var lane = new Lane(offset, size, value);
        if (lane.Register == Function)
        {
            SetFunction(lane.Merge(Volatile.Read(ref _function)));
        }
    }

    private void SetFunction(ulong value)
    {
        Volatile.Write(ref _function, value);
        functionChanged?.Invoke(value);
    }
}
