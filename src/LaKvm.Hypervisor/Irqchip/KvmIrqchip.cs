namespace LaKvm.Hypervisor;

/// <summary>In-kernel interrupt controllers of a VM, and the ways into them by number and by message.</summary>
public sealed class KvmIrqchip
{
    private const uint VectorCount = LaKvm.Devices.Eiointc.Vectors;

    private readonly KvmVm _vm;
    private readonly Lock _lock = new();

    private IrqRouting _routing = IrqRouting.None;
    private KvmIpi? _ipi;
    private KvmEiointc? _eiointc;
    private KvmPchPic? _pchPic;

    internal KvmIrqchip(KvmVm vm) => _vm = vm;

    /// <summary>Whether all controllers are in the hypervisor, so that interrupts can be injected by number.</summary>
    public bool IsComplete => _ipi != null && _eiointc != null && _pchPic != null;

    /// <summary>Where vectors come in, if their controller is in the hypervisor.</summary>
    internal LaKvm.Devices.IVectorSink? Vectors => _eiointc?.Vectors;

    /// <summary>Whether <see cref="CreateDevice"/> knows a type.</summary>
    public static bool KnowsDevice(KvmDeviceType type) => Enum.IsDefined(type);

    /// <summary>
    /// Puts a device into the hypervisor: ENODEV for an unknown type, EINVAL for a second one of its kind.
    /// </summary>
    public Errno CreateDevice(KvmDeviceType type, out KvmDevice? device)
    {
        lock (_lock)
        {
            switch (type)
            {
                case KvmDeviceType.Ipi when _ipi == null:
                    device = _ipi = new KvmIpi(_vm);
                    return _ipi.Attach();
                case KvmDeviceType.Eiointc when _eiointc == null:
                    device = _eiointc = new KvmEiointc(_vm);
                    return _eiointc.Attach();
                case KvmDeviceType.PchPic when _pchPic == null:
                    device = _pchPic = new KvmPchPic(_vm);
                    _routing = IrqRouting.Default;
                    return Errno.None;
                default:
                    device = null;
                    return KnowsDevice(type) ? Errno.Inval : Errno.NoDev;
            }
        }
    }

    /// <summary>
    /// Replaces the routing table. EINVAL for a pin that no controller has, or a number with two routes.
    /// </summary>
    public Errno SetRouting(IReadOnlyCollection<IrqRoute> routes)
    {
        // One route for each number: there is one controller, and messages never share a number.
        if (routes.Count > KvmLimits.IrqRoutes || routes.DistinctBy(r => r.Gsi).Count() != routes.Count
            || routes.Any(r => r.Gsi >= KvmLimits.IrqRoutes || (!r.IsMessage && r.Target >= KvmLimits.IrqChipPins)))
        {
            return Errno.Inval;
        }

        Volatile.Write(ref _routing, new IrqRouting(routes));
        return Errno.None;
    }

    /// <summary>
    /// Sets the level of an interrupt by its number. Positive if it was delivered, 0 if it was ignored, negative if it
    /// leads nowhere.
    /// </summary>
    public int SetIrq(uint gsi, bool level)
    {
        int delivered = -1;
        foreach (IrqRoute route in Volatile.Read(ref _routing)[gsi])
        {
            int result = route.IsMessage
                ? level && SignalMsi(route.Target) == Errno.None ? 0 : -1
                : SetPin((int)route.Target, level);
            delivered = result < 0 ? delivered : Math.Max(delivered, 0) + result;
        }

        return delivered;
    }

    /// <summary>Delivers a message; the data is the vector. EINVAL if it names none.</summary>
    public Errno SignalMsi(uint data)
    {
        if (_eiointc == null || data >= VectorCount)
        {
            return Errno.Inval;
        }

        _eiointc.Vectors.Trigger((int)data);
        return Errno.None;
    }

    private int SetPin(int pin, bool level)
    {
        if (_pchPic == null)
        {
            return -1;
        }

        _pchPic.SetPin(pin, level);
        return 1;
    }
}
