namespace LaKvm.Cpu;

/// <summary>
/// A core's constant timer: TCFG, TVAL, and the tick at which it next fires (manual volume 1, 7.6.2 to 7.6.5). One for
/// root mode and one for the guest; the guest's goes on counting while root mode runs.
/// </summary>
internal sealed class ConstantTimer(Surroundings outside, bool countsOnAfterOneShot)
{
    private const ulong EnableBit = 1, PeriodicBit = 2;
    private const ulong ValueMask = (1UL << 48) - 1;

    private ulong _stoppedValue;
    private ulong _expiry = ulong.MaxValue;
    private ulong _firedAt;
    private bool _fired;

    /// <summary>CSR.TCFG.</summary>
    public ulong Config { get; private set; }

    /// <summary>Tick at which <see cref="Poll"/> fires next; <see cref="ulong.MaxValue"/> while it will not.</summary>
    public ulong Deadline => _expiry;

    private bool Enabled => (Config & EnableBit) != 0;

    private ulong InitialValue => Config & ValueMask & ~3UL;

    /// <summary>CSR.TVAL: ticks that remain. After a one-shot expiry it is -1 and holds on the bare machine, and counts
    /// on in a guest (as the arch_timer selftest of KVM reports of real hardware).</summary>
    public ulong Value => Enabled ? ValueAt(outside.Clock.Ticks) : _stoppedValue;

    /// <summary>Write of TCFG: restarts from the initial value if enabled, else stops where it is.</summary>
    public void WriteConfig(ulong value)
    {
        ulong now = outside.Clock.Ticks;
        ulong remaining = Enabled ? ValueAt(now) : _stoppedValue;
        Config = value;
        if (Enabled)
        {
            Start(InitialValue, now);
        }
        else
        {
            Stop(remaining);
        }
    }

    /// <summary>Write of TVAL, which only root mode can do to the guest's timer: counts on from there.</summary>
    public void WriteValue(ulong value)
    {
        ulong now = outside.Clock.Ticks;
        if (Enabled)
        {
            Start(value & ValueMask, now);
        }
        else
        {
            _stoppedValue = value & ValueMask;
        }
    }

    /// <summary>True if the timer has expired since it was last asked: ESTAT.TI must be set.</summary>
    public bool Poll(ulong now)
    {
        if (now < _expiry)
        {
            return false;
        }

        if ((Config & PeriodicBit) != 0)
        {
            // Periods that passed unnoticed are one interrupt, and the phase is kept.
            ulong period = Math.Max(InitialValue, 1);
            _expiry += ((now - _expiry) / period * period) + period;
        }
        else
        {
            _firedAt = _expiry;
            _fired = true;
            _expiry = ulong.MaxValue;
        }

        return true;
    }

    public void Reset()
    {
        Config = 0;
        Stop(0);
    }

    private ulong ValueAt(ulong now)
    {
        if (_fired)
        {
            return countsOnAfterOneShot ? (ValueMask - (now - _firedAt)) & ValueMask : ValueMask;
        }

        return _expiry > now ? _expiry - now : 0;
    }

    private void Start(ulong ticks, ulong now)
    {
        _fired = false;
        _expiry = now + ticks;
    }

    private void Stop(ulong remaining)
    {
        _fired = false;
        _stoppedValue = remaining;
        _expiry = ulong.MaxValue;
    }
}
