using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The idle instruction (kvm_vcpu_halt): waits until there is an interrupt, a signal or a request. Polls first, since
/// giving the core up and coming back costs more than a short wait, and learns from each wait how long polling pays.
/// </summary>
internal sealed class VcpuHalt(KvmVcpu vcpu) : IDisposable
{
    private readonly HaltPolling _polling = new();
    private readonly HostSleeper _sleeper = new();
    private readonly HostMachine _machine = vcpu.Vm.Machine;
    private readonly VcpuScheduling _scheduling = vcpu.Scheduling;
    private readonly Residency _residency = vcpu.Residency;
    private readonly VcpuStatistics _statistics = vcpu.Statistics;

    private uint MaxPollNs => vcpu.Vm.MaxHaltPollNs ?? KvmLimits.HaltPollNs;

    /// <summary>Waits. The vCPU is loaded, before and after.</summary>
    internal void Wait()
    {
        ulong start = _machine.Now;
        uint poll = _polling.Begin(MaxPollNs);
        bool woken = PollForWakeUp(start, poll, out ulong pollEnd);
        bool slept = !woken && Block();
        ulong end = woken ? pollEnd : _machine.Now;
        if (slept)
        {
            _statistics.Add(VcpuStat.HaltWaitNs, end - pollEnd);
            _statistics.Record(VcpuStat.HaltWaitHist, end - pollEnd);
        }

        if (poll != 0)
        {
            _statistics.CountPoll(pollEnd - start, success: !slept);
        }

        _residency.Cpu!.Slice.Waited();
        _polling.Finish(end - start, MaxPollNs);
        vcpu.Tracer.Trace(TraceEvent.VcpuWakeup, end - start, slept ? 1UL : 0);
        if (_polling.Nanoseconds != poll)
        {
            vcpu.Tracer.Trace(TraceEvent.HaltPollNs, _polling.Nanoseconds, poll);
        }
    }

    /// <summary>Wakes the vCPU if it sleeps, and counts that it did. Any thread.</summary>
    internal void WakeUp()
    {
        if (Interrupt())
        {
            _statistics.CountShared(VcpuStat.HaltWakeup);
        }
    }

    /// <summary>Ends the sleep for a signal, which is no wake-up that KVM counts. Any thread.</summary>
    /// <returns>Whether the vCPU slept.</returns>
    internal bool Interrupt() => _sleeper.Wake();

    /// <inheritdoc/>
    public void Dispose() => _sleeper.Dispose();

    /// <summary>Polls for some nanoseconds, which may be 0; true if the wait is over.</summary>
    private bool PollForWakeUp(ulong start, uint nanoseconds, out ulong end)
    {
        end = start;
        while (end - start < nanoseconds && !_scheduling.NeedResched)
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

    /// <summary>Gives the core up and sleeps (kvm_vcpu_block); true if it really slept.</summary>
    private bool Block()
    {
        bool slept = false;
        _statistics.Set(VcpuStat.Blocking, 1);
        _scheduling.IsBlocking = true;
        while (!ShouldWake())
        {
            _scheduling.Put();
            slept |= Sleep();
            _scheduling.Load();
        }

        _scheduling.IsBlocking = false;
        _residency.Timer.Disarm();
        _statistics.Set(VcpuStat.Blocking, 0);
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

        if (!_sleeper.Sleep(_residency.Timer.Remaining()) && _residency.Timer.IsDue)
        {
            _statistics.CountShared(VcpuStat.HaltWakeup); // nobody else has woken the vCPU: its timer has
        }

        return true;
    }

    /// <summary>Whether the wait is over, with the guest's registers in the core.</summary>
    private bool ShouldWake() => ShouldWakeUnloaded() || _residency.Timer.IsPending(_residency.Core);

    private bool ShouldWakeUnloaded() => vcpu.Interrupts.IsRunnable || _scheduling.SignalPending
        || vcpu.Requests.Has(KvmRequest.Unblock) || vcpu.Requests.Has(KvmRequest.VmDead) || _residency.Timer.IsDue;
}
