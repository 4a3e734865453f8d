using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>
/// Interrupt lines and timers of a core, what of them can be delivered, and how other threads get its attention.
/// </summary>
internal sealed unsafe class InterruptUnit(
    CpuState* state, Mode root, Mode guest, PerformanceCounters counters, Surroundings outside) : IDisposable
{
    /// <summary>Reasons to look for attention, as bits of <see cref="CpuState.Attention"/>.</summary>
    public const int AttentionInterrupt = 1, AttentionStop = 2, AttentionMail = 4, AttentionTimer = 8;

    private readonly CpuState* _state = state;
    private readonly ulong* _root = root.Values, _guest = guest.Values; // each exit looks into them
    private readonly HostSleeper _sleeper = new();
    private int _lines;

    /// <summary>What the run call returns after <see cref="Trap.Leave"/>.</summary>
    public RunExit PendingExit { get; set; }

    /// <summary>Interrupts of root mode wait, for a debugger's step.</summary>
    public bool HoldsRoot { get; set; }

    /// <summary>Interrupts of the guest wait.</summary>
    public bool HoldsGuest { get; set; }

    /// <summary>
    /// Tick at which a timer of this core fires next; <see cref="ulong.MaxValue"/> if none is running.
    /// </summary>
    public ulong TimerDeadline => Math.Min(root.Timer.Deadline, guest.Timer.Deadline);

    /// <summary>True while an interrupt is pending and enabled in root mode, whatever CRMD.IE says.</summary>
    public bool HasPendingInterrupt => (HostPending & _root[Csr.Ecfg]) != 0;

    /// <summary>Levels of the lines, as bits of ESTAT.IS.</summary>
    public ulong HostLines => (ulong)(uint)Volatile.Read(ref _lines);

    /// <summary>Those that root mode gives to the guest.</summary>
    public ulong GuestLines => (_root[Csr.Gintc] & 0xff) << Estat.Hwi0;

    /// <summary>ESTAT.IS of root mode.</summary>
    public ulong HostPending => (_root[Csr.Estat] & Estat.IsMask) | HostLines;

    /// <summary>ESTAT.IS of the guest.</summary>
    public ulong GuestPending => (_guest[Csr.Estat] & Estat.IsMask & ~Estat.HwiMask) | GuestLines;

    /// <summary>Raises or drops interrupt line <paramref name="estatBit"/> (2 to 9 HWI, 12 IPI). Any thread.</summary>
    public void SetInterruptLine(int estatBit, bool level)
    {
        if (outside.Rehearsal?.Defers(estatBit, level) == true)
        {
            return;
        }

        int bit = 1 << estatBit;
        if (level)
        {
            if ((Interlocked.Or(ref _lines, bit) & bit) == 0)
            {
                RequestAttention(AttentionInterrupt);
            }
        }
        else
        {
            _ = Interlocked.And(ref _lines, ~bit);
        }
    }

    /// <summary>Makes the core's run call return soon with <see cref="RunExit.Stopped"/>. Any thread.</summary>
    public void RequestStop() => RequestAttention(AttentionStop);

    /// <summary>
    /// Takes a <see cref="RequestStop"/> back that no run call has answered. On the core's thread; who asks for a stop
    /// says why before, and it is looked at after this.
    /// </summary>
    public void CancelStop() => Interlocked.And(ref _state->Attention, ~AttentionStop);

    /// <summary>
    /// Whether the core that returned <see cref="RunExit.Idle"/> has to go on: an interrupt is pending, a timer has
    /// fired, or a stop was requested.
    /// </summary>
    public bool MustWake
    {
        get
        {
            PollTimers();
            return HasPendingInterrupt || (Volatile.Read(ref _state->Attention) & AttentionStop) != 0;
        }
    }

    /// <summary>
    /// Sleeps until an interrupt, a timer or a stop request wakes the core that returned <see cref="RunExit.Idle"/>.
    /// </summary>
    public void WaitForInterrupt()
    {
        while (true)
        {
            _sleeper.Arm();
            if (MustWake)
            {
                _sleeper.Disarm();
                return;
            }

            ulong deadline = TimerDeadline;
            ulong now = outside.Clock.Ticks;
            if (deadline > now)
            {
                _sleeper.Sleep(deadline == ulong.MaxValue ? null : TicksToNanoseconds(deadline - now));
            }
        }
    }

    /// <summary>Sleeps for <paramref name="ticks"/>, or until another thread wants something of this core.</summary>
    public void Pause(ulong ticks)
    {
        _sleeper.Arm();
        if (Volatile.Read(ref _state->Attention) == 0)
        {
            _sleeper.Sleep(TicksToNanoseconds(ticks));
        }
        else
        {
            _sleeper.Disarm();
        }
    }

    /// <summary>
    /// Sets ESTAT.TI of root mode and of the guest if their timers have expired, and ESTAT.PCOV if a counter of the
    /// current mode has overflowed. To be called between slices of a run, so that no timer is later than a slice.
    /// </summary>
    public void PollTimers()
    {
        if (counters.AreEnabled)
        {
            counters.Poll();
            CheckInterrupts();
        }

        ulong deadline = TimerDeadline;
        if (deadline == ulong.MaxValue)
        {
            return; // the clock need not be read
        }

        ulong now = outside.Clock.Ticks;
        if (now < deadline)
        {
            return;
        }

        if (root.Timer.Poll(now))
        {
            _root[Csr.Estat] |= Estat.TiBit;
        }

        if (guest.Timer.Poll(now))
        {
            _guest[Csr.Estat] |= Estat.TiBit;
        }

        CheckInterrupts();
    }

    /// <summary>The run ends: a timer was set, and the caller's slice may be too long for it.</summary>
    public void RequestTimerAttention() => _ = Interlocked.Or(ref _state->Attention, AttentionTimer);

    /// <summary>
    /// idle: <see cref="Trap.Refetch"/> if an interrupt is pending already, else the run call returns
    /// <see cref="RunExit.Idle"/>.
    /// </summary>
    public Trap BeginIdle()
    {
        PollTimers();
        if (HasPendingInterrupt)
        {
            return Trap.Refetch;
        }

        PendingExit = RunExit.Idle;
        return Trap.Leave;
    }

    private static long TicksToNanoseconds(ulong ticks) => (long)(Math.Min(ticks, 100_000_000_000) * 10);

    /// <summary>Makes the core look for attention soon. Any thread.</summary>
    public void RequestAttention(int reason)
    {
        if (outside.Rehearsal?.Defers(reason) != true)
        {
            _ = Interlocked.Or(ref _state->Attention, reason);
        }

        _sleeper.Wake();
    }

    /// <summary>Asks for attention if an interrupt can be delivered now; on the core's own thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CheckInterrupts()
    {
        if (DeliverableToRoot || (_state->Vm != 0 && DeliverableToGuest))
        {
            _ = Interlocked.Or(ref _state->Attention, AttentionInterrupt);
        }
    }

    /// <summary>Whether root mode can take an interrupt now.</summary>
    public bool DeliverableToRoot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_root[Csr.Crmd] & Crmd.Ie) != 0 && (HostPending & _root[Csr.Ecfg] & Estat.IsMask) != 0
            && !HoldsRoot;
    }

    /// <summary>Whether a guest that runs can.</summary>
    public bool DeliverableToGuest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_guest[Csr.Crmd] & Crmd.Ie) != 0 && (GuestPending & _guest[Csr.Ecfg] & Estat.IsMask) != 0
            && !HoldsGuest;
    }

    /// <inheritdoc/>
    public void Dispose() => _sleeper.Dispose();
}
