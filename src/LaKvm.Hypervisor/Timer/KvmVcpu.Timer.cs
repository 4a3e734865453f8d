using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The guest's constant timer. While the vCPU is loaded it is the core's; while it is not, this remembers when it expires,
/// and wakes the vCPU if it sleeps.
/// </summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong TimerEnable = 1, TimerPeriodic = 2;
    private const ulong TimerValueMask = ((1UL << 48) - 1) & ~3UL;

    /// <summary>
    /// When the timer expires, in the host's nanoseconds; 0 until it was taken off a core for the first time, when what user
    /// space has written to TVAL counts (Linux: expire).
    /// </summary>
    private ulong _timerExpire;
    private bool _softTimerArmed;

    private bool SoftTimerExpired => _softTimerArmed && _machine.Now >= _timerExpire;

    /// <summary>Whether the guest's timer has fired and was not acknowledged.</summary>
    private bool HasPendingTimer()
    {
        _core!.PollTimers(); // no engine runs that would let the core's time pass
        return (Volatile.Read(ref _irqPending) & (1 << Estat.Ti)) != 0
            || (ReadGcsr(Csr.Estat) & Estat.TiBit) != 0;
    }

    private void CancelSoftTimer() => _softTimerArmed = false;

    /// <summary>Nanoseconds until the sleeping vCPU's timer expires, or null if it does not.</summary>
    private long? SoftTimerRemaining()
    {
        ulong now = _machine.Now;
        return _softTimerArmed ? (long)(Math.Max(_timerExpire, now) - now) : null;
    }

    /// <summary>Remembers when the timer expires, to end the sleep that the vCPU is about to begin.</summary>
    private void ArmSoftTimer()
    {
        (ulong config, ulong value) = (ReadGcsr(Csr.Tcfg), ReadGcsr(Csr.Tval));
        ComputeExpiry(config, value);
        bool isOver = HasFired(config, value) && (ReadGcsr(Csr.Estat) & Estat.TiBit) == 0;
        _softTimerArmed = (config & TimerEnable) != 0 && !isOver;
    }

    /// <summary>A one-shot that has fired: TVAL is above what was written.</summary>
    private static bool HasFired(ulong config, ulong value) => (config & TimerPeriodic) == 0 && value > config;

    /// <summary>Takes the timer off the core.</summary>
    private void SaveTimer(Core core)
    {
        ulong* csr = _registers.Csr;
        csr[Csr.Tcfg] = core.ReadGcsr(Csr.Tcfg);
        csr[Csr.Tval] = core.ReadGcsr(Csr.Tval);
        ComputeExpiry(csr[Csr.Tcfg], csr[Csr.Tval]);
        csr[Csr.Estat] = core.ReadGcsr(Csr.Estat);
    }

    private void ComputeExpiry(ulong config, ulong value)
    {
        if ((config & TimerEnable) != 0)
        {
            _timerExpire = _machine.Now + HostMachine.ToNanoseconds(value < config ? value : 0);
        }
    }

    /// <summary>Puts the timer on the core as if it had run there all the time.</summary>
    private void RestoreTimer()
    {
        ulong* csr = _registers.Csr;

        // Stopped first: a timer of whoever was here before must not fire into the ESTAT that is restored.
        ExchangeGcsr(Csr.Tcfg, 0);
        ExchangeGcsr(Csr.Estat, csr[Csr.Estat]);
        ulong config = csr[Csr.Tcfg];
        ExchangeGcsr(Csr.Tcfg, config);
        if ((config & TimerEnable) == 0)
        {
            ExchangeGcsr(Csr.Tval, csr[Csr.Tval]);
            return;
        }

        if (HasFired(config, csr[Csr.Tval]))
        {
            RestoreFiredOneShot(csr);
        }
        else
        {
            if (_timerExpire == 0)
            {
                ComputeExpiry(config, csr[Csr.Tval]);
            }

            ExchangeGcsr(Csr.Tval, RemainingTicks(config));
        }
    }

    /// <summary>
    /// A one-shot that has fired is put into that state by letting it fire again; if the guest had acknowledged it,
    /// it is acknowledged again.
    /// </summary>
    private void RestoreFiredOneShot(ulong* csr)
    {
        ExchangeGcsr(Csr.Tval, 0);
        if ((csr[Csr.Estat] & Estat.TiBit) != 0)
        {
            return;
        }

        if ((ReadGcsr(Csr.Estat) & Estat.TiBit) == 0)
        {
            ExchangeGcsr(Csr.Tval, TimerValueMask);
        }

        ExchangeGcsr(Csr.Ticlr, 1);
    }

    /// <summary>
    /// Ticks that remain now. A periodic timer that expired meanwhile is in one of its next periods, with its interrupt
    /// pending; for a one-shot nothing remains, so that the core fires it.
    /// </summary>
    private ulong RemainingTicks(ulong config)
    {
        ulong now = _machine.Now;
        if (now < _timerExpire)
        {
            return HostMachine.ToTicks(_timerExpire - now);
        }

        ulong period = HostMachine.ToNanoseconds(config & TimerValueMask);
        if ((config & TimerPeriodic) == 0 || period == 0)
        {
            return 0;
        }

        QueueIrq(Estat.Ti);
        return HostMachine.ToTicks(period - ((now - _timerExpire) % period));
    }
}
