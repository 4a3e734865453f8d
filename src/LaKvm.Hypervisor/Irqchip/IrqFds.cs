namespace LaKvm.Hypervisor;

/// <summary>Events that inject interrupts (KVM_IRQFD).</summary>
public sealed class IrqFds
{
    private readonly KvmIrqchip _irqchip;
    private readonly Dictionary<IKvmEvent, IrqFd> _all = [];
    private readonly Lock _lock = new();

    internal IrqFds(KvmIrqchip irqchip) => _irqchip = irqchip;

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
    public Errno Assign(IKvmEvent source, uint gsi, bool resample = false)
    {
        if (!_irqchip.IsComplete)
        {
            return Errno.Again;
        }

        lock (_lock)
        {
            if (_all.ContainsKey(source))
            {
                return Errno.Busy;
            }

            var irqFd = new IrqFd(this, source, gsi, resample);
            _all[source] = irqFd;
            irqFd.Listen();
            return Errno.None;
        }
    }

    /// <summary>Ends what <see cref="Assign"/> began. When it returns nothing is being injected any more.</summary>
    public void Deassign(IKvmEvent source, uint gsi)
    {
        lock (_lock)
        {
            if (_all.TryGetValue(source, out IrqFd? irqFd) && irqFd.Gsi == gsi)
            {
                irqFd.Dispose();
                _all.Remove(source);
                if (irqFd.Resamples && !_all.Values.Any(other => other.Resamples && other.Gsi == gsi))
                {
                    _irqchip.SetIrq(gsi, false);
                }
            }
        }
    }

    /// <summary>No event injects into the VM any more.</summary>
    internal void DetachAll()
    {
        lock (_lock)
        {
            foreach (IrqFd irqFd in _all.Values)
            {
                irqFd.Dispose();
            }

            _all.Clear();
        }
    }

    private sealed class IrqFd(IrqFds owner, IKvmEvent source, uint gsi, bool resample) : IDisposable
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
        private void Detach() => owner.Deassign(source, gsi);

        /// <summary>An event has no level: the interrupt goes up and, if nobody else ends it, down again.</summary>
        private void Inject()
        {
            lock (_injecting)
            {
                if (_ended)
                {
                    return;
                }

                owner._irqchip.SetIrq(gsi, true);
                if (!resample)
                {
                    owner._irqchip.SetIrq(gsi, false);
                }
            }
        }
    }
}
