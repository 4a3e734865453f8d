using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>What other threads do to a vCPU: requests, kicks, waking it up.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const int OutsideGuest = 0, InGuest = 1, ExitingGuest = 2;

    private readonly HostSleeper _sleeper;
    private int _requests;
    private int _mode;

    /// <summary>Whether the vCPU is executing guest code or about to.</summary>
    internal bool IsInGuest => Volatile.Read(ref _mode) != OutsideGuest;

    /// <summary>
    /// Makes a request; true if the vCPU is in guest mode and is being interrupted. Any thread.
    /// </summary>
    internal bool MakeRequest(KvmRequest request, bool wake)
    {
        Interlocked.Or(ref _requests, 1 << (int)request);
        if (wake)
        {
            WakeUp();
        }

        return LeaveGuest();
    }

    /// <summary>Makes the vCPU look at its requests and interrupts: wakes it, or interrupts its guest. Any thread.</summary>
    internal void Kick()
    {
        WakeUp();
        LeaveGuest();
    }

    /// <summary>Makes the vCPU see a signal to its thread. Any thread.</summary>
    internal void Signalled()
    {
        _sleeper.Wake(); // which is no wake-up that KVM counts
        LeaveGuest();
    }

    /// <summary>Wakes the vCPU if it sleeps in an idle instruction, and counts that it did. Any thread.</summary>
    internal void WakeUp()
    {
        if (_sleeper.Wake())
        {
            Statistics.CountShared(VcpuStat.HaltWakeup);
        }
    }

    /// <summary>Waits until the vCPU has left guest mode, which a request made before this has told it to.</summary>
    internal void WaitUntilOutsideGuest()
    {
        SpinWait spin = default;
        while (Volatile.Read(ref _mode) == ExitingGuest)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private bool HasRequest(KvmRequest request) => (Volatile.Read(ref _requests) & (1 << (int)request)) != 0;

    private bool TakeRequest(KvmRequest request)
    {
        int bit = 1 << (int)request;
        return (Volatile.Read(ref _requests) & bit) != 0 && (Interlocked.And(ref _requests, ~bit) & bit) != 0;
    }

    private void SetRequest(KvmRequest request) => Interlocked.Or(ref _requests, 1 << (int)request);

    /// <summary>
    /// Interrupts the guest. The mode was written before the vCPU read its requests, and the request is written before the
    /// mode is read here, so that one of the two sees the other.
    /// </summary>
    private bool LeaveGuest()
    {
        int mode = Interlocked.CompareExchange(ref _mode, ExitingGuest, InGuest);
        if (mode == InGuest)
        {
            Volatile.Read(ref _cpu)?.SendIpi();
        }

        return mode != OutsideGuest; // somebody else's interrupt may still be on its way
    }
}
