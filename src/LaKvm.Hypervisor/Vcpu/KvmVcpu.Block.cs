namespace LaKvm.Hypervisor;

/// <summary>Waiting in an idle instruction: polling for a while, then sleeping.</summary>
public sealed unsafe partial class KvmVcpu
{
    private readonly HaltPolling _polling = new();

    /// <summary>Set while the vCPU is put to sleep, so that its timer goes on without the core.</summary>
    private bool _blocking;

    private uint MaxHaltPollNs => Vm.MaxHaltPollNs ?? KvmLimits.HaltPollNs;

    /// <summary>An interrupt is waiting to be delivered, so that the vCPU has something to run for.</summary>
    private bool IsRunnable => Volatile.Read(ref _irqPending) != 0;

    /// <summary>
    /// The idle instruction: waits until there is an interrupt, a signal or a request. Polls first, since giving the core
    /// up and coming back costs more than a short wait, and learns from each wait how long polling pays.
    /// </summary>
    private void Halt()
    {
        ulong start = _machine.Now;
        uint poll = _polling.Begin(MaxHaltPollNs);
        bool woken = PollForWakeUp(start, poll, out ulong end);
        ulong polled = end - start;
        bool slept = false;
        if (!woken)
        {
            ulong from = end;
            slept = Block();
            end = _machine.Now;
            if (slept)
            {
                Statistics.Add(VcpuStat.HaltWaitNs, end - from);
                Statistics.Record(VcpuStat.HaltWaitHist, end - from);
            }
        }

        if (poll != 0)
        {
            CountPoll(polled, success: !slept);
        }

        FinishHalt(end - start, slept);
    }

    private void FinishHalt(ulong waited, bool slept)
    {
        _cpu!.Slice.Waited();
        uint old = _polling.Nanoseconds;
        _polling.Finish(waited, MaxHaltPollNs);
        Trace(TraceEvent.VcpuWakeup, waited, slept ? 1UL : 0);
        if (_polling.Nanoseconds != old)
        {
            Trace(TraceEvent.HaltPollNs, _polling.Nanoseconds, old);
        }
    }

    /// <summary>Polls for some nanoseconds, which may be 0; true if the wait is over.</summary>
    private bool PollForWakeUp(ulong start, uint nanoseconds, out ulong end)
    {
        end = start;
        while (end - start < nanoseconds && !_cpu!.NeedResched)
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

    /// <summary>Polling has been a success if the vCPU never slept, even if what ended the wait came behind it.</summary>
    private void CountPoll(ulong nanoseconds, bool success)
    {
        Statistics.Count(VcpuStat.HaltAttemptedPoll);
        if (success)
        {
            Statistics.Count(VcpuStat.HaltSuccessfulPoll);
        }

        Statistics.Add(success ? VcpuStat.HaltPollSuccessNs : VcpuStat.HaltPollFailNs, nanoseconds);
        Statistics.Record(success ? VcpuStat.HaltPollSuccessHist : VcpuStat.HaltPollFailHist, nanoseconds);
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
        CancelSoftTimer();
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

        if (!_sleeper.Sleep(SoftTimerRemaining()) && SoftTimerExpired)
        {
            Statistics.CountShared(VcpuStat.HaltWakeup); // nobody else has woken the vCPU: its timer has
        }

        return true;
    }

    /// <summary>Whether the wait is over, with the guest's registers in the core.</summary>
    private bool ShouldWake() => ShouldWakeUnloaded() || HasPendingTimer();

    private bool ShouldWakeUnloaded() =>
        IsRunnable || SignalPending || HasRequest(KvmRequest.Unblock) || HasRequest(KvmRequest.VmDead)
        || SoftTimerExpired;
}
