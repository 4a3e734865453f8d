namespace LaKvm.Hypervisor;

/// <summary>
/// A vCPU among the threads of the host: the thread that runs it, that thread's signals, and when it has a core
/// (vcpu_load and vcpu_put).
/// </summary>
internal sealed class VcpuScheduling(Residency residency, StealClock steal)
{
    private HostThread _thread = HostThread.Current;

    /// <summary>
    /// Signals blocked while the vCPU runs, instead of those that its thread blocks; bit n-1 is signal n.
    /// </summary>
    internal ulong? SignalMask { get; set; }

    /// <summary>The vCPU is put to sleep, so that its timer goes on without the core.</summary>
    internal bool IsBlocking { get; set; }

    /// <summary>Whether a signal ends KVM_RUN.</summary>
    internal bool SignalPending => _thread.HasSignals && _thread.IsSignalPending(SignalMask);

    /// <summary>Whether another thread is to get the core. The vCPU is loaded.</summary>
    internal bool NeedResched => residency.Cpu!.NeedResched;

    /// <summary>The calling thread is going to run a vCPU; true if it is another one than its last.</summary>
    internal bool Enter(KvmVcpu vcpu)
    {
        _thread = HostThread.Current;
        return _thread.EnterVcpu(vcpu);
    }

    /// <summary>Takes a core.</summary>
    internal void Load() => steal.CountRunDelay(_thread, residency.Load(_thread));

    /// <summary>Gives it up.</summary>
    internal void Put()
    {
        if (NeedResched && !IsBlocking)
        {
            steal.MarkPreempted();
        }

        residency.Put(IsBlocking);
    }

    /// <summary>Lets whoever waits for the core have it, and goes on when it is the thread's turn again.</summary>
    internal void Exchange()
    {
        steal.MarkPreempted();
        steal.CountRunDelay(_thread, residency.Exchange(_thread));
    }

    /// <summary>KVM_RUN ends: the core goes back to the program that has called it, or to whoever wants it.</summary>
    internal void EndRun()
    {
        if (_thread.User is { } user)
        {
            residency.ReturnTo(user);
        }
        else
        {
            Put();
        }

        _thread.Leave();
    }
}
