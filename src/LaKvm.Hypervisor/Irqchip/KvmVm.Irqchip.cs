namespace LaKvm.Hypervisor;

/// <summary>In-kernel interrupt controllers of a VM, and the ways into them.</summary>
public sealed partial class KvmVm
{
    private const uint VectorCount = LaKvm.Devices.Eiointc.Vectors;

    private readonly Dictionary<IKvmEvent, IrqFd> _irqFds = [];
    private IrqRouting _routing = IrqRouting.None;
    private KvmIpi? _ipi;
    private KvmPchPic? _pchPic;

    /// <summary>The extended I/O interrupt controller, if it is in the hypervisor.</summary>
    internal KvmEiointc? Eiointc { get; private set; }

    /// <summary>Whether all controllers are in the hypervisor, so that interrupts can be injected by number.</summary>
    public bool HasIrqChip => _ipi != null && Eiointc != null && _pchPic != null;

    /// <summary>Whether <see cref="CreateDevice"/> knows a type.</summary>
    public static bool KnowsDevice(KvmDeviceType type) => Enum.IsDefined(type);

    /// <summary>
    /// Puts a device into the hypervisor: ENODEV for an unknown type, EINVAL for a second one of its kind.
    /// </summary>
    public Errno CreateDevice(KvmDeviceType type, out KvmDevice? device)
    {
        device = null;
        lock (_lock)
        {
            Errno error;
            switch (type)
            {
                case KvmDeviceType.Ipi when _ipi == null:
                    device = _ipi = new KvmIpi(this);
                    error = _ipi.Attach();
                    break;
                case KvmDeviceType.Eiointc when Eiointc == null:
                    device = Eiointc = new KvmEiointc(this);
                    error = Eiointc.Attach();
                    break;
                case KvmDeviceType.PchPic when _pchPic == null:
                    device = _pchPic = new KvmPchPic(this);
                    _routing = IrqRouting.Default;
                    error = Errno.None;
                    break;
                default:
                    error = KnowsDevice(type) ? Errno.Inval : Errno.NoDev;
                    break;
            }

            return error;
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
        if (Eiointc == null || data >= VectorCount)
        {
            return Errno.Inval;
        }

        Eiointc.Vectors.Trigger((int)data);
        return Errno.None;
    }

    /// <summary>
    /// Injects an interrupt whenever an event is signalled. EAGAIN without the controllers, EBUSY for an event that
    /// injects already.
    /// </summary>
    /// <param name="source">The event; one that was signalled before injects at once.</param>
    /// <param name="gsi">The interrupt's number.</param>
    /// <param name="resample">
    /// The interrupt only goes up, for a level: until the end of interrupt elsewhere, which nothing on this
    /// architecture tells of, so here until the last such event of the number is deassigned.
    /// </param>
    public Errno AssignIrqFd(IKvmEvent source, uint gsi, bool resample = false)
    {
        if (!HasIrqChip)
        {
            return Errno.Again;
        }

        lock (_lock)
        {
            if (_irqFds.ContainsKey(source))
            {
                return Errno.Busy;
            }

            var irqFd = new IrqFd(this, source, gsi, resample);
            _irqFds[source] = irqFd;
            irqFd.Listen();
            return Errno.None;
        }
    }

    /// <summary>
    /// Ends what <see cref="AssignIrqFd"/> began. When it returns nothing is being injected any more.
    /// </summary>
    public void DeassignIrqFd(IKvmEvent source, uint gsi)
    {
        lock (_lock)
        {
            if (_irqFds.TryGetValue(source, out IrqFd? irqFd) && irqFd.Gsi == gsi)
            {
                irqFd.Dispose();
                _irqFds.Remove(source);
                if (irqFd.Resamples && !_irqFds.Values.Any(other => other.Resamples && other.Gsi == gsi))
                {
                    SetIrq(gsi, false);
                }
            }
        }
    }

    /// <summary>No event injects into the VM any more.</summary>
    private void DetachEvents()
    {
        lock (_lock)
        {
            foreach (IrqFd irqFd in _irqFds.Values)
            {
                irqFd.Dispose();
            }

            _irqFds.Clear();
        }
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

    /// <summary>An event that injects an interrupt.</summary>
    private sealed class IrqFd(KvmVm vm, IKvmEvent source, uint gsi, bool resample) : IDisposable
    {
        private readonly Lock _injecting = new();
        private bool _ended;

        internal uint Gsi => gsi;

        internal bool Resamples => resample;

        internal void Listen()
        {
            source.Signalled += Inject;
            source.Closed += Detach;
        }

        /// <summary>Waits for a signal that is being injected; one that comes later finds the end.</summary>
        public void Dispose()
        {
            source.Signalled -= Inject;
            source.Closed -= Detach;
            lock (_injecting)
            {
                _ended = true;
            }
        }

        /// <summary>The last descriptor of the event is closed: nobody can signal it any more.</summary>
        private void Detach() => vm.DeassignIrqFd(source, gsi);

        /// <summary>An event has no level: the interrupt goes up and, if nobody else ends it, down again.</summary>
        private void Inject()
        {
            lock (_injecting)
            {
                if (_ended)
                {
                    return;
                }

                vm.SetIrq(gsi, true);
                if (!resample)
                {
                    vm.SetIrq(gsi, false);
                }
            }
        }
    }
}
