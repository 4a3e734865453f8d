namespace LaKvm.Hypervisor;

/// <summary>
/// What other threads ask of a vCPU, and whether it is in guest mode so that it has to be interrupted for that. A
/// request is written before the mode is read, the mode is written before the requests are read for the last time: one
/// of the two sides sees the other.
/// </summary>
internal sealed class RequestSet
{
    private const int OutsideGuest = 0, InGuest = 1, ExitingGuest = 2;

    private int _requests;
    private int _mode;

    /// <summary>Whether there is any request. Any thread, as all but what says otherwise.</summary>
    internal bool Any => Volatile.Read(ref _requests) != 0;

    /// <summary>Whether the vCPU is executing guest code or about to.</summary>
    internal bool IsInGuest => Volatile.Read(ref _mode) != OutsideGuest;

    /// <summary>Makes a request.</summary>
    internal void Make(KvmRequest request) => Interlocked.Or(ref _requests, 1 << (int)request);

    /// <summary>Whether a request was made and not taken.</summary>
    internal bool Has(KvmRequest request) => (Volatile.Read(ref _requests) & (1 << (int)request)) != 0;

    /// <summary>Takes a request; false if there was none.</summary>
    internal bool Take(KvmRequest request)
    {
        int bit = 1 << (int)request;
        return (Volatile.Read(ref _requests) & bit) != 0 && (Interlocked.And(ref _requests, ~bit) & bit) != 0;
    }

    /// <summary>The vCPU is about to execute guest code, and looks at its requests once more. Its own thread.</summary>
    internal void EnterGuest() => Interlocked.Exchange(ref _mode, InGuest);

    /// <summary>Nobody has told it to leave since <see cref="EnterGuest"/>. Its own thread.</summary>
    internal bool MayStayInGuest => Volatile.Read(ref _mode) == InGuest;

    /// <summary>The vCPU has left the guest, or does not enter. Its own thread.</summary>
    internal void LeaveGuest() => Volatile.Write(ref _mode, OutsideGuest);

    /// <summary>Tells the vCPU to leave the guest.</summary>
    /// <param name="first">Nobody else has: its core must be interrupted now.</param>
    /// <returns>Whether the vCPU is in guest mode: an interrupt is, or was, on its way.</returns>
    internal bool TellToLeave(out bool first)
    {
        int mode = Interlocked.CompareExchange(ref _mode, ExitingGuest, InGuest);
        first = mode == InGuest;
        return mode != OutsideGuest;
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
}
