using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Everything that must be right before the guest executes again: signals and other threads have their turn, requests
/// are granted, interrupts and exceptions delivered.
/// </summary>
internal sealed unsafe class GuestEntry(KvmVcpu vcpu)
{
    private readonly RequestSet _requests = vcpu.Requests;
    private readonly VcpuScheduling _scheduling = vcpu.Scheduling;
    private readonly Residency _residency = vcpu.Residency;
    private readonly InterruptQueue _interrupts = vcpu.Interrupts;
    private readonly GuestDebug _debug = vcpu.Debug;

    /// <summary>
    /// Prepares the entry. After the mode says "in guest", requests are looked at once more: whoever makes one later
    /// sees the mode and interrupts the guest.
    /// </summary>
    /// <param name="exit">The exit behind which the guest goes on.</param>
    internal ExitOutcome Prepare(in ExitInfo exit)
    {
        RequestSet requests = _requests; // behind EnterGuest's barrier nothing is read twice or by detours
        while (true)
        {
            ExitOutcome outcome = HandleHostWork();
            if (outcome.EntersGuest && requests.Any)
            {
                outcome = CheckRequests();
            }

            if (!outcome.EntersGuest)
            {
                return outcome;
            }

            HostCpu cpu = _residency.Cpu!;
            _interrupts.DeliverException(cpu.Core, exit, vcpu.Registers);
            if (_residency.Tag.Check(cpu))
            {
                requests.Take(KvmRequest.TlbFlushGpa);
            }

            requests.EnterGuest();
            _interrupts.Deliver(cpu.Core);
            if (requests.Any)
            {
                CheckLateRequests(cpu.Core);
            }

            _residency.HardwareChanges();
            if (!requests.Any && !cpu.NeedResched && !_scheduling.SignalPending && requests.MayStayInGuest)
            {
                return ExitOutcome.ResumeGuest;
            }

            requests.LeaveGuest();
            vcpu.Pmu.Postpone(cpu.Core);
        }
    }

    private ExitOutcome HandleHostWork()
    {
        if (_residency.Cpu!.NeedResched)
        {
            _scheduling.Exchange();
        }

        if (_interrupts.Exception != Trap.None)
        {
            return ExitOutcome.ResumeGuest; // what the exit has left for it would be gone later
        }

        if (_debug.HasStopped)
        {
            vcpu.RunPage->ExitReason = KvmExitReason.Debug;
            return ExitOutcome.ResumeHost;
        }

        if (!_scheduling.SignalPending)
        {
            return ExitOutcome.ResumeGuest;
        }

        vcpu.RunPage->ExitReason = KvmExitReason.Intr;
        vcpu.Statistics.Count(VcpuStat.SignalExits);
        return ExitOutcome.Fail(Errno.Intr);
    }

    /// <summary>Requests that may end KVM_RUN, or need no settled mode (kvm_check_requests).</summary>
    private ExitOutcome CheckRequests()
    {
        if (_requests.Has(KvmRequest.VmDead))
        {
            return ExitOutcome.Fail(Errno.Io);
        }

        if (_requests.Take(KvmRequest.TlbFlush))
        {
            _residency.Tag.Drop();
        }

        _requests.Take(KvmRequest.Unblock);
        if (_requests.Has(KvmRequest.DirtyRingSoftFull))
        {
            // Stays until the ring has been emptied: running again at once leaves at once.
            if (vcpu.DirtyRing!.IsSoftFull)
            {
                vcpu.RunPage->ExitReason = KvmExitReason.DirtyRingFull;
                return ExitOutcome.ResumeHost;
            }

            _requests.Take(KvmRequest.DirtyRingSoftFull);
        }

        if (_requests.Take(KvmRequest.StealUpdate))
        {
            vcpu.Steal.Update();
        }

        return ExitOutcome.ResumeGuest;
    }

    /// <summary>Requests that need the tag and mode to be settled (kvm_late_check_requests).</summary>
    private void CheckLateRequests(Core core)
    {
        if (_requests.Take(KvmRequest.TlbFlushGpa))
        {
            _residency.Tag.FlushGpa(core);
        }

        if (_requests.Take(KvmRequest.FpuLoad))
        {
            _residency.Fpu.Own(core, vcpu.Cpucfg.Units);
        }

        if (_requests.Take(KvmRequest.Pmu))
        {
            vcpu.Pmu.Own(core);
        }

        _requests.Take(KvmRequest.LbtLoad); // no binary translation unit exists: nothing to load
    }
}
