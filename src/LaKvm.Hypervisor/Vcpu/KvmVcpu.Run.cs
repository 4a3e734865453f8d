using System.Runtime.CompilerServices;
using LaKvm.Cpu;
using LaKvm.Diagnostics;

namespace LaKvm.Hypervisor;

/// <summary>KVM_RUN.</summary>
public sealed unsafe partial class KvmVcpu
{
    private readonly HaltPolling _polling = new();

    private HostThread _thread = HostThread.Current;
    private PendingAccess _pending;
    private ulong _exitPc;

    /// <summary>Set while the vCPU is put to sleep, so that its timer goes on without the core.</summary>
    private bool _blocking;

    /// <summary>
    /// Signals blocked while the vCPU runs, instead of those that its thread blocks; bit n-1 is signal n.
    /// </summary>
    public ulong? SignalMask { get; set; }

    private bool SignalPending => _thread.HasSignals && _thread.IsSignalPending(SignalMask);

    private bool HasHostWork => SignalPending || Residency.Cpu!.NeedResched;

    private uint MaxHaltPollNs => Vm.MaxHaltPollNs ?? KvmLimits.HaltPollNs;

    /// <summary>
    /// Runs the guest until user space is needed: <see cref="KvmRun.ExitReason"/> says for what. EINTR if a signal is
    /// pending or an immediate exit is asked for. Call it with <see cref="Mutex"/> held.
    /// </summary>
    public Errno Run()
    {
        if (Vm.Dead)
        {
            return Errno.Io;
        }

        KvmRun* run = RunPage;
        if (_pending.Kind != PendingKind.None && !CompleteUserspaceExit().EntersGuest)
        {
            return Errno.None; // the next part of the same access
        }

        if (run->ImmediateExit != 0)
        {
            return Errno.Intr;
        }

        run->ExitReason = KvmExitReason.Unknown;
        _debug?.Continue();
        _thread = HostThread.Current;
        if (_thread.EnterVcpu(this))
        {
            GuestErrorLog.Enter(this);
        }

        Load();
        ExitOutcome outcome = RunGuest();
        Put();
        _thread.Leave();
        Tracer.Trace(TraceEvent.UserspaceExit, (ulong)run->ExitReason);
        return outcome.Error;
    }

    /// <summary>
    /// The idle instruction: waits until there is an interrupt, a signal or a request. Polls first, since giving the
    /// core up and coming back costs more than a short wait, and learns from each wait how long polling pays.
    /// </summary>
    internal void Halt()
    {
        ulong start = _machine.Now;
        uint poll = _polling.Begin(MaxHaltPollNs);
        bool woken = PollForWakeUp(start, poll, out ulong pollEnd);
        bool slept = !woken && Block();
        ulong end = woken ? pollEnd : _machine.Now;
        if (slept)
        {
            Statistics.Add(VcpuStat.HaltWaitNs, end - pollEnd);
            Statistics.Record(VcpuStat.HaltWaitHist, end - pollEnd);
        }

        if (poll != 0)
        {
            Statistics.CountPoll(pollEnd - start, success: !slept);
        }

        Residency.Cpu!.Slice.Waited();
        _polling.Finish(end - start, MaxHaltPollNs);
        Tracer.Trace(TraceEvent.VcpuWakeup, end - start, slept ? 1UL : 0);
        if (_polling.Nanoseconds != poll)
        {
            Tracer.Trace(TraceEvent.HaltPollNs, _polling.Nanoseconds, poll);
        }
    }

    private void Load() => Steal.CountRunDelay(_thread, Residency.Load(_thread));

    private void Put()
    {
        if (Residency.Cpu!.NeedResched && !_blocking)
        {
            Steal.MarkPreempted();
        }

        Residency.Put(_blocking);
    }

    private ExitOutcome RunGuest()
    {
        ExitOutcome outcome = PrepareEntry(default);
        if (!outcome.EntersGuest)
        {
            return outcome;
        }

        Tracer.Trace(TraceEvent.Enter);
        while (true)
        {
            SwitchToGuest(out ExitInfo exit);
            Requests.LeaveGuest();
            Tracer.Trace(TraceEvent.Exit, (ulong)exit.Ecode, exit.Badi);
            outcome = ExitTable.Handle(exit, this);
            if (outcome.EntersGuest)
            {
                if (_debug != null && exit.Ecode != 0 && Registers.Pc == _exitPc)
                {
                    _debug.Repeat();
                }

                outcome = PrepareEntry(exit);
            }

            if (!outcome.EntersGuest)
            {
                Tracer.Trace(TraceEvent.Out);
                return outcome;
            }

            Tracer.Trace(TraceEvent.Reenter);
        }
    }

    /// <summary>
    /// Into the guest and back: what KVM's assembly does. On the way out only what the host's CSRs hold is taken. What
    /// root mode in C# does not use itself stays as the guest needs it while the vCPU is loaded: the general registers
    /// and GSTAT.PVM, which an exit sets anyway; PGDL and TGID, which change with the vCPU's tag.
    /// </summary>
    private void SwitchToGuest(out ExitInfo exit)
    {
        HostCpu cpu = Residency.Cpu!;
        Core core = cpu.Core;
        core.ErtnTo(Registers.Pc);
        if (_debug is { Counts: true } debug)
        {
            debug.Step(cpu);
        }
        else
        {
            RunToExit(cpu, core);
        }

        core.ReadExit(out ulong pc, out ulong estat, out ulong badv, out uint badi);
        Registers.Pc = _exitPc = pc;
        exit = new ExitInfo(estat, badv, badi);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RunToExit(HostCpu cpu, Core core)
    {
        RunSlice slice = cpu.Slice;
        RunExit exit;
        while ((exit = cpu.Engine.Run(slice.Left)) != RunExit.GuestExit)
        {
            if (GuestDebug.IsStop(exit))
            {
                Debug.ComeTo(exit, cpu);
            }

            core.PollTimers();
            slice.Next();
        }

        slice.Exited();
    }

    /// <summary>
    /// Everything that must be right before the guest executes again. After the mode says "in guest", requests are
    /// looked at once more: whoever makes one later sees the mode and interrupts the guest.
    /// </summary>
    private ExitOutcome PrepareEntry(in ExitInfo exit)
    {
        while (true)
        {
            ExitOutcome outcome = HandleHostWork();
            if (outcome.EntersGuest && Requests.Any)
            {
                outcome = HandleRequests();
            }

            if (!outcome.EntersGuest)
            {
                return outcome;
            }

            HostCpu cpu = Residency.Cpu!;
            Interrupts.DeliverException(cpu.Core, exit, Registers);
            if (Residency.Tag.Check(cpu))
            {
                Requests.Take(KvmRequest.TlbFlushGpa);
            }

            Requests.EnterGuest();
            Interrupts.Deliver(cpu.Core);
            if (Requests.Any)
            {
                HandleLateRequests(cpu.Core);
            }

            Residency.HardwareChanges();
            if (!Requests.Any && !HasHostWork && Requests.MayStayInGuest)
            {
                return ExitOutcome.ResumeGuest;
            }

            Requests.LeaveGuest();
        }
    }

    private ExitOutcome HandleHostWork()
    {
        if (Residency.Cpu!.NeedResched)
        {
            Put();
            Load();
        }

        if (Interrupts.Exception != Trap.None)
        {
            return ExitOutcome.ResumeGuest; // what the exit has left for it would be gone later
        }

        if (_debug is { HasStopped: true })
        {
            RunPage->ExitReason = KvmExitReason.Debug;
            return ExitOutcome.ResumeHost;
        }

        if (!SignalPending)
        {
            return ExitOutcome.ResumeGuest;
        }

        RunPage->ExitReason = KvmExitReason.Intr;
        Statistics.Count(VcpuStat.SignalExits);
        return ExitOutcome.Fail(Errno.Intr);
    }

    private ExitOutcome HandleRequests()
    {
        if (Requests.Has(KvmRequest.VmDead))
        {
            return ExitOutcome.Fail(Errno.Io);
        }

        if (Requests.Take(KvmRequest.TlbFlush))
        {
            Residency.Tag.Drop();
        }

        Requests.Take(KvmRequest.Unblock);
        if (Requests.Has(KvmRequest.DirtyRingSoftFull))
        {
            // Stays until the ring has been emptied: running again at once leaves at once.
            if (DirtyRing!.IsSoftFull)
            {
                RunPage->ExitReason = KvmExitReason.DirtyRingFull;
                return ExitOutcome.ResumeHost;
            }

            Requests.Take(KvmRequest.DirtyRingSoftFull);
        }

        if (Requests.Take(KvmRequest.StealUpdate))
        {
            Steal.Update();
        }

        return ExitOutcome.ResumeGuest;
    }

    /// <summary>Requests that need the tag and mode to be settled.</summary>
    private void HandleLateRequests(Core core)
    {
        if (Requests.Take(KvmRequest.TlbFlushGpa))
        {
            Residency.Tag.FlushGpa(core);
        }

        if (Requests.Take(KvmRequest.FpuLoad))
        {
            Residency.Fpu.Own(core, Cpucfg.Units);
        }

        // No performance counters and no binary translation unit exist: nothing to load.
        Requests.Take(KvmRequest.Pmu);
        Requests.Take(KvmRequest.LbtLoad);
    }

    /// <summary>
    /// Takes over what user space has put into the run page since the last exit. If it is needed once more before the
    /// guest can go on, the run page then says for what.
    /// </summary>
    private ExitOutcome CompleteUserspaceExit()
    {
        PendingKind kind = _pending.Kind;
        _pending.Kind = PendingKind.None;
        switch (kind)
        {
            case PendingKind.WideMmio:
                return WideMmioExit.Complete(this);
            case PendingKind.Mmio:
                MmioExit.CompleteLoad(_pending, this);
                break;
            case PendingKind.Iocsr:
                GsprExit.CompleteIocsrRead(_pending, this);
                break;
            default:
                HypercallExit.Complete(this);
                break;
        }

        return ExitOutcome.ResumeGuest;
    }

    /// <summary>Polls for some nanoseconds, which may be 0; true if the wait is over.</summary>
    private bool PollForWakeUp(ulong start, uint nanoseconds, out ulong end)
    {
        end = start;
        while (end - start < nanoseconds && !Residency.Cpu!.NeedResched)
        {
            if (ShouldWake())
            {
                return true;
            }

            Thread.SpinWait(20);
            end = _machine.Now;
        }

        return false;
    }

    /// <summary>Gives the core up and sleeps; true if it really slept.</summary>
    private bool Block()
    {
        bool slept = false;
        Statistics.Set(VcpuStat.Blocking, 1);
        _blocking = true;
        while (!ShouldWake())
        {
            Put();
            slept |= Sleep();
            Load();
        }

        _blocking = false;
        Residency.Timer.Disarm();
        Statistics.Set(VcpuStat.Blocking, 0);
        return slept;
    }

    private bool Sleep()
    {
        _sleeper.Arm();
        if (ShouldWakeUnloaded())
        {
            _sleeper.Disarm();
            return false;
        }

        if (!_sleeper.Sleep(Residency.Timer.Remaining()) && Residency.Timer.IsDue)
        {
            Statistics.CountShared(VcpuStat.HaltWakeup); // nobody else has woken the vCPU: its timer has
        }

        return true;
    }

    /// <summary>Whether the wait is over, with the guest's registers in the core.</summary>
    private bool ShouldWake() => ShouldWakeUnloaded() || Residency.Timer.IsPending(Residency.Core);

    private bool ShouldWakeUnloaded() => Interrupts.IsRunnable || SignalPending || Requests.Has(KvmRequest.Unblock)
        || Requests.Has(KvmRequest.VmDead) || Residency.Timer.IsDue;
}
