using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    private const int AttentionInterrupt = 1, AttentionStop = 2, AttentionMail = 4, AttentionTimer = 8;

    private readonly HostSleeper _sleeper = new();
    private readonly ConcurrentQueue<(ulong Page, bool Added)> _codeMail = new();
    private int _lines;

    /// <summary>What the run call returns after <see cref="Trap.Leave"/>.</summary>
    public RunExit PendingExit { get; private set; }

    /// <summary>Ticks of the machine's clock now.</summary>
    public ulong Ticks => _clock.Ticks;

    /// <summary>
    /// Tick at which a timer of this core fires next; <see cref="ulong.MaxValue"/> if none is running.
    /// </summary>
    public ulong TimerDeadline => Math.Min(_hostTimer.Deadline, _guestTimer.Deadline);

    /// <summary>True while an interrupt is pending and enabled in root mode, whatever CRMD.IE says.</summary>
    public bool HasPendingInterrupt => (HostPending & _hostCsr[Csr.Ecfg]) != 0;

    private ulong HostLines => (ulong)(uint)Volatile.Read(ref _lines);

    private ulong GuestLines => (_hostCsr[Csr.Gintc] & 0xff) << Estat.Hwi0;

    private ulong HostPending => (_hostCsr[Csr.Estat] & Estat.IsMask) | HostLines;

    private ulong GuestPending => (_guestCsr[Csr.Estat] & Estat.IsMask & ~Estat.HwiMask) | GuestLines;

    /// <summary>Raises or drops interrupt line <paramref name="estatBit"/> (2 to 9 HWI, 12 IPI). Any thread.</summary>
    public void SetInterruptLine(int estatBit, bool level)
    {
        if (_rehearsal?.Defers(estatBit, level) == true)
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
    public void CancelStop() => Interlocked.And(ref State->Attention, ~AttentionStop);

    /// <summary>
    /// Whether the core that returned <see cref="RunExit.Idle"/> has to go on: an interrupt is pending, a timer has
    /// fired, or a stop was requested.
    /// </summary>
    public bool MustWake
    {
        get
        {
            PollTimers();
            return HasPendingInterrupt || (Volatile.Read(ref State->Attention) & AttentionStop) != 0;
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
            ulong now = _clock.Ticks;
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
        if (Volatile.Read(ref State->Attention) == 0)
        {
            _sleeper.Sleep(TicksToNanoseconds(ticks));
        }
        else
        {
            _sleeper.Disarm();
        }
    }

    /// <summary>
    /// Sets ESTAT.TI of root mode and of the guest if their timers have expired. To be called between slices of a run,
    /// so that no timer is later than a slice.
    /// </summary>
    public void PollTimers()
    {
        _rehearsal?.Spoil();
        ulong deadline = TimerDeadline;
        if (deadline == ulong.MaxValue)
        {
            return; // the clock need not be read
        }

        ulong now = _clock.Ticks;
        if (now < deadline)
        {
            return;
        }

        if (_hostTimer.Poll(now))
        {
            _hostCsr[Csr.Estat] |= Estat.TiBit;
        }

        if (_guestTimer.Poll(now))
        {
            _guestCsr[Csr.Estat] |= Estat.TiBit;
        }

        CheckInterrupts();
    }

    /// <summary>
    /// Called by the engine, with <see cref="CpuState.Pc"/> at the next instruction and the budget settled, whenever
    /// <see cref="CpuState.Attention"/> is non-zero: takes pending interrupts, timers, TLB and code invalidations.
    /// Returns <see cref="Trap.None"/> if execution goes on at the same PC in the same mode, <see cref="Trap.Refetch"/>
    /// if state changed, <see cref="Trap.Leave"/> if the run call must return with <see cref="PendingExit"/>.
    /// </summary>
    public Trap HandleAttention()
    {
        int attention = Interlocked.Exchange(ref State->Attention, 0);
        Trap result = Trap.None;
        if ((attention & AttentionMail) != 0)
        {
            ReadCodeMail();
            result = Trap.Refetch;
        }

        if ((attention & AttentionStop) != 0)
        {
            PendingExit = RunExit.Stopped;
            CheckInterrupts();
            return Trap.Leave;
        }

        if ((attention & AttentionTimer) != 0)
        {
            PendingExit = RunExit.TimerSet;
            CheckInterrupts();
            return Trap.Leave;
        }

        Trap interrupt = TakeInterrupt();
        return interrupt == Trap.None ? result : interrupt;
    }

    /// <summary>Says what the run call returns, for a handler or an engine that ends it.</summary>
    internal void EndRun(RunExit exit) => PendingExit = exit;

    /// <summary>
    /// idle: <see cref="Trap.Refetch"/> if an interrupt is pending already, else the run call returns
    /// <see cref="RunExit.Idle"/>.
    /// </summary>
    internal Trap BeginIdle()
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

    private void RequestAttention(int reason)
    {
        if (_rehearsal?.Defers(reason) != true)
        {
            _ = Interlocked.Or(ref State->Attention, reason);
        }

        _sleeper.Wake();
    }

    /// <summary>Asks for attention if an interrupt can be delivered now; on the core's own thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CheckInterrupts()
    {
        if (DeliverableToRoot || (State->Vm != 0 && DeliverableToGuest))
        {
            _ = Interlocked.Or(ref State->Attention, AttentionInterrupt);
        }
    }

    private bool DeliverableToRoot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_hostCsr[Csr.Crmd] & Crmd.Ie) != 0 && (HostPending & _hostCsr[Csr.Ecfg] & Estat.IsMask) != 0
            && !Debug.HoldsRootInterrupts;
    }

    private bool DeliverableToGuest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_guestCsr[Csr.Crmd] & Crmd.Ie) != 0 && (GuestPending & _guestCsr[Csr.Ecfg] & Estat.IsMask) != 0
            && !Debug.HoldsGuestInterrupts;
    }

    /// <summary>Physical interrupts come before the guest's own (inferred).</summary>
    private Trap TakeInterrupt()
    {
        if (DeliverableToRoot)
        {
            int number = BitOperations.Log2(HostPending & _hostCsr[Csr.Ecfg] & Estat.IsMask);
            _hostWatch.Returned();
            (ulong pc, bool fromGuest) = (State->Pc, State->Vm != 0);
            Trap trap = EnterRoot(Trap.None, 0, 64 + number);
            Debug.Observer?.Interrupted(this, number, pc, fromGuest, toRoot: true);
            return trap;
        }

        if (State->Vm != 0 && DeliverableToGuest)
        {
            int number = BitOperations.Log2(GuestPending & _guestCsr[Csr.Ecfg] & Estat.IsMask);
            _guestWatch.Returned();
            ulong pc = State->Pc;
            EnterVector(_guestCsr, Trap.None, 0, 64 + number);
            Debug.Observer?.Interrupted(this, number, pc, fromGuest: true, toRoot: false);
            return Trap.Refetch;
        }

        return Trap.None;
    }

    private void PostCodeModified(ulong page)
    {
        _codeMail.Enqueue((page, false));
        RequestAttention(AttentionMail);
    }

    private void PostCodeAdded(ulong page)
    {
        _codeMail.Enqueue((page, true));
        RequestAttention(AttentionMail);
    }

    private void ReadCodeMail()
    {
        while (_codeMail.TryDequeue(out (ulong Page, bool Added) mail))
        {
            if (!mail.Added)
            {
                CodeCache?.InvalidatePage(mail.Page);
            }
            else if (_softTlb.ProtectCode(Memory.Pointer(mail.Page))
                | (_otherSoftTlb?.ProtectCode(Memory.Pointer(mail.Page)) ?? false))
            {
                // A store through the old entry may have come after another core decoded the page.
                Memory.Written(mail.Page, 1);
            }
        }
    }
}
