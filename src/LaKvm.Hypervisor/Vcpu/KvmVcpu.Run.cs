using LaKvm.Cpu;
using LaKvm.Diagnostics;

namespace LaKvm.Hypervisor;

/// <summary>KVM_RUN.</summary>
public sealed unsafe partial class KvmVcpu
{
    /// <summary>What an exit handler returns to leave to user space.</summary>
    private const int ResumeHost = 0;

    /// <summary>What an exit handler returns to go on in the guest. Negative values are errors for user space.</summary>
    private const int ResumeGuest = 1;

    private HostThread _thread = HostThread.Current;

    /// <summary>Signals blocked while the vCPU runs, instead of those that its thread blocks; bit n-1 is signal n.</summary>
    public ulong? SignalMask { get; set; }

    private bool SignalPending => _thread.IsSignalPending(SignalMask);

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
        if (!CompleteUserspaceExit())
        {
            return Errno.None; // the next part of the same access
        }

        if (run->ImmediateExit != 0)
        {
            return Errno.Intr;
        }

        run->ExitReason = KvmExitReason.Unknown;
        _thread = HostThread.Current;
        _thread.Enter(this);
        GuestErrorLog.Enter(this);
        Load();
        int result = RunGuest();
        Put();
        _thread.Leave();
        Trace(TraceEvent.UserspaceExit, (ulong)run->ExitReason);
        return result < 0 ? (Errno)(-result) : Errno.None;
    }

    private int RunGuest()
    {
        int result = PrepareEntry();
        if (result != ResumeGuest)
        {
            return result;
        }

        Trace(TraceEvent.Enter);
        while (true)
        {
            SwitchToGuest();
            result = HandleExit();
            if (result == ResumeGuest)
            {
                result = PrepareEntry();
            }

            if (result != ResumeGuest)
            {
                Trace(TraceEvent.Out);
                return result;
            }

            Trace(TraceEvent.Reenter);
        }
    }

    /// <summary>
    /// Everything that must be right before the guest executes again. After the mode says "in guest", requests are looked
    /// at once more: whoever makes one later sees the mode and interrupts the guest.
    /// </summary>
    private int PrepareEntry()
    {
        while (true)
        {
            int result = HandleHostWork();
            if (result == ResumeGuest)
            {
                result = HandleRequests();
            }

            if (result != ResumeGuest)
            {
                return result;
            }

            DeliverException();
            CheckVpid();
            Interlocked.Exchange(ref _mode, InGuest);
            DeliverInterrupts();
            HandleLateRequests();
            _softwareCopyValid = false;
            if (Volatile.Read(ref _requests) == 0 && !HasHostWork && Volatile.Read(ref _mode) == InGuest)
            {
                return ResumeGuest;
            }

            Volatile.Write(ref _mode, OutsideGuest);
        }
    }

    private bool HasHostWork => SignalPending || _cpu!.NeedResched;

    private int HandleHostWork()
    {
        if (_cpu!.NeedResched)
        {
            Put();
            Load();
        }

        if (!SignalPending)
        {
            return ResumeGuest;
        }

        RunPage->ExitReason = KvmExitReason.Intr;
        Statistics.Count(VcpuStat.SignalExits);
        return -(int)Errno.Intr;
    }

    private int HandleRequests()
    {
        if (Volatile.Read(ref _requests) == 0)
        {
            return ResumeGuest;
        }

        if (HasRequest(KvmRequest.VmDead))
        {
            return -(int)Errno.Io;
        }

        if (TakeRequest(KvmRequest.TlbFlush))
        {
            _vpid = 0;
        }

        TakeRequest(KvmRequest.Unblock);
        if (HasRequest(KvmRequest.DirtyRingSoftFull))
        {
            // Stays until the ring has been emptied: running again at once leaves at once.
            if (DirtyRing!.IsSoftFull)
            {
                RunPage->ExitReason = KvmExitReason.DirtyRingFull;
                return ResumeHost;
            }

            TakeRequest(KvmRequest.DirtyRingSoftFull);
        }

        if (TakeRequest(KvmRequest.StealUpdate))
        {
            UpdateStealTime();
        }

        return ResumeGuest;
    }

    /// <summary>Requests that need the tag and mode to be settled.</summary>
    private void HandleLateRequests()
    {
        if (Volatile.Read(ref _requests) == 0)
        {
            return;
        }

        if (TakeRequest(KvmRequest.TlbFlushGpa))
        {
            FlushGpa();
        }

        if (TakeRequest(KvmRequest.FpuLoad))
        {
            OwnFpu();
        }

        // No performance counters and no binary translation unit exist: nothing to load.
        TakeRequest(KvmRequest.Pmu);
        TakeRequest(KvmRequest.LbtLoad);
    }
}
