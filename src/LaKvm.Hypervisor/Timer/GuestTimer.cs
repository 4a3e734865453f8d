using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The guest's constant timer. While the vCPU is in a core it is the core's; while it is not, this remembers when it
/// expires, and ends the vCPU's sleep.
/// </summary>
internal sealed unsafe class GuestTimer(IClock clock, InterruptQueue interrupts)
{
    private const ulong TimerEnable = 1, TimerPeriodic = 2;
    private const ulong TimerValueMask = ((1UL << 48) - 1) & ~3UL;

    /// <summary>
    /// When the timer expires, in nanoseconds of the host; 0 until it was taken off a core for the first time, when
    /// what user space has written to TVAL counts (Linux: expire).
    /// </summary>
    private ulong _expire;
    private bool _armed;

    /// <summary>Whether the timer is to end the vCPU's sleep, and is due.</summary>
    internal bool IsDue => _armed && Now >= _expire;

    private ulong Now => HostMachine.ToNanoseconds(clock.Ticks);

    /// <summary>Whether the guest's timer has fired and was not acknowledged.</summary>
    internal bool IsPending(Core core)
    {
        core.PollTimers(); // no engine runs that would let the core's time pass
        return interrupts.IsPending(Estat.Ti) || (core.ReadGcsr(Csr.Estat) & Estat.TiBit) != 0;
    }

    /// <summary>Nanoseconds until the sleeping vCPU's timer expires, or null if it does not.</summary>
    internal long? Remaining()
    {
        ulong now = Now;
        return _armed ? (long)(Math.Max(_expire, now) - now) : null;
    }

    /// <summary>Remembers when the timer of a core expires, to end the sleep that the vCPU is about to begin.</summary>
    internal void Arm(Core core)
    {
        (ulong config, ulong value) = (core.ReadGcsr(Csr.Tcfg), core.ReadGcsr(Csr.Tval));
        ComputeExpiry(config, value);
        bool isOver = HasFired(config, value) && (core.ReadGcsr(Csr.Estat) & Estat.TiBit) == 0;
        _armed = (config & TimerEnable) != 0 && !isOver;
    }

    /// <summary>The sleep is over.</summary>
    internal void Disarm() => _armed = false;

    /// <summary>Takes the timer off a core, into the registers in memory.</summary>
    internal void Save(Core core, ulong* csr)
    {
        csr[Csr.Tcfg] = core.ReadGcsr(Csr.Tcfg);
        csr[Csr.Tval] = core.ReadGcsr(Csr.Tval);
        ComputeExpiry(csr[Csr.Tcfg], csr[Csr.Tval]);
        csr[Csr.Estat] = core.ReadGcsr(Csr.Estat);
    }

    /// <summary>Puts the timer on a core as if it had run there all the time.</summary>
    internal void Restore(Core core, ulong* csr)
    {
        // Stopped first: a timer of whoever was here before must not fire into the ESTAT that is restored.
        core.ExchangeGcsr(Csr.Tcfg, 0, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Estat, csr[Csr.Estat], ulong.MaxValue);
        ulong config = csr[Csr.Tcfg], value = csr[Csr.Tval];
        core.ExchangeGcsr(Csr.Tcfg, config, ulong.MaxValue);
        if ((config & TimerEnable) == 0)
        {
            core.ExchangeGcsr(Csr.Tval, value, ulong.MaxValue);
        }
        else if (HasFired(config, value))
        {
            RestoreFiredOneShot(core, (csr[Csr.Estat] & Estat.TiBit) != 0);
        }
        else
        {
            if (_expire == 0)
            {
                ComputeExpiry(config, value);
            }

            core.ExchangeGcsr(Csr.Tval, RemainingTicks(config), ulong.MaxValue);
        }
    }

    /// <summary>A one-shot that has fired: TVAL is above what was written.</summary>
    private static bool HasFired(ulong config, ulong value) => (config & TimerPeriodic) == 0 && value > config;

    private void ComputeExpiry(ulong config, ulong value)
    {
        if ((config & TimerEnable) != 0)
        {
            _expire = Now + HostMachine.ToNanoseconds(value < config ? value : 0);
        }
    }

    /// <summary>
    /// A one-shot that has fired is put into that state by letting it fire again; if the guest had acknowledged it,
    /// it is acknowledged again.
    /// </summary>
    private static void RestoreFiredOneShot(Core core, bool isPending)
    {
        core.ExchangeGcsr(Csr.Tval, 0, ulong.MaxValue);
        if (isPending)
        {
            return;
        }

        if ((core.ReadGcsr(Csr.Estat) & Estat.TiBit) == 0)
        {
            core.ExchangeGcsr(Csr.Tval, TimerValueMask, ulong.MaxValue);
        }

        core.ExchangeGcsr(Csr.Ticlr, 1, ulong.MaxValue);
    }

    /// <summary>
    /// Ticks that remain now. A periodic timer that expired meanwhile is in one of its next periods, with its interrupt
    /// pending; for a one-shot nothing remains, so that the core fires it.
    /// </summary>
    private ulong RemainingTicks(ulong config)
    {
        ulong now = Now;
        if (now < _expire)
        {
            return HostMachine.ToTicks(_expire - now);
        }

        ulong period = HostMachine.ToNanoseconds(config & TimerValueMask);
        if ((config & TimerPeriodic) == 0 || period == 0)
        {
            return 0;
        }

        interrupts.Queue(Estat.Ti);
        return HostMachine.ToTicks(period - ((now - _expire) % period));
    }
}
