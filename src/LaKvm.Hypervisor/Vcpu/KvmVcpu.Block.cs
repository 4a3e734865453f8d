namespace LaKvm.Hypervisor;

/// <summary>Waiting in an idle instruction: polling for a while, then sleeping.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const uint HaltPollGrow = 2, HaltPollGrowStart = 10_000, HaltPollShrink = 2;

    private uint _haltPollNs;

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
        bool polled = _haltPollNs != 0;
        if (polled && PollForWakeUp(start))
        {
            FinishHalt(_machine.Now - start, slept: false);
            return;
        }

        bool slept = Block();
        ulong now = _machine.Now;
        if (slept)
        {
            Statistics.Add(VcpuStat.HaltWaitNs, now - start);
            Statistics.Record(VcpuStat.HaltWaitHist, now - start);
        }

        Statistics.Count(VcpuStat.HaltWakeup);
        FinishHalt(now - start, slept);
    }

    private void FinishHalt(ulong waited, bool slept)
    {
        _cpu!.Slice.Waited();
        uint polled = _haltPollNs;
        AdjustHaltPolling(waited);
        Trace(TraceEvent.VcpuWakeup, waited, slept ? 1UL : 0);
        if (_haltPollNs != polled)
        {
            Trace(TraceEvent.HaltPollNs, _haltPollNs, polled);
        }
    }

    private bool PollForWakeUp(ulong start)
    {
        Statistics.Count(VcpuStat.HaltAttemptedPoll);
        ulong now;
        do
        {
            if (ShouldWake())
            {
                Statistics.Count(VcpuStat.HaltSuccessfulPoll);
                Statistics.Add(VcpuStat.HaltPollSuccessNs, _machine.Now - start);
                Statistics.Record(VcpuStat.HaltPollSuccessHist, _machine.Now - start);
                return true;
            }

            Thread.SpinWait(20);
            now = _machine.Now;
        }
        while (now - start < _haltPollNs && !_cpu!.NeedResched);
        Statistics.Add(VcpuStat.HaltPollFailNs, now - start);
        Statistics.Record(VcpuStat.HaltPollFailHist, now - start);
        return false;
    }

    private void AdjustHaltPolling(ulong waited)
    {
        uint limit = MaxHaltPollNs;
        if (_haltPollNs > limit)
        {
            _haltPollNs = limit;
        }

        if (limit == 0 || waited <= _haltPollNs)
        {
            return;
        }

        if (waited > limit)
        {
            uint less = _haltPollNs / HaltPollShrink;
            _haltPollNs = less < HaltPollGrowStart ? 0 : less;
        }
        else if (_haltPollNs < limit)
        {
            _haltPollNs = Math.Min(Math.Max(_haltPollNs * HaltPollGrow, HaltPollGrowStart), limit);
        }
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

        _sleeper.Sleep(SoftTimerRemaining());
        return true;
    }

    /// <summary>Whether the wait is over, with the guest's registers in the core.</summary>
    private bool ShouldWake() => ShouldWakeUnloaded() || HasPendingTimer();

    private bool ShouldWakeUnloaded() =>
        IsRunnable || SignalPending || HasRequest(KvmRequest.Unblock) || HasRequest(KvmRequest.VmDead)
        || SoftTimerExpired;
}
