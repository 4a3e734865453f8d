namespace LaKvm.Hypervisor;

/// <summary>
/// A thread as the host kernel sees it: what matters to KVM is whether a signal is pending, because that ends KVM_RUN.
/// </summary>
public sealed class HostThread
{
    private const int SigKill = 9, SigStop = 19;

    /// <summary>What no mask keeps out, whoever sets it (sigprocmask(2)).</summary>
    private const ulong Unblockable = (1UL << (SigKill - 1)) | (1UL << (SigStop - 1));

    [ThreadStatic] private static HostThread? _current;

    private ulong _pending;
    private KvmVcpu? _running;

    /// <summary>The calling thread.</summary>
    public static HostThread Current => _current ??= new HostThread();

    /// <summary>Signals that do not interrupt the thread: bit n-1 is signal n.</summary>
    public ulong Blocked { get; set; }

    /// <summary>
    /// Nanoseconds that the thread could have run and had to wait for one of the machine's cores
    /// (sched_info.run_delay). What the real host takes is not in it: asking for that costs a system call.
    /// </summary>
    internal ulong RunDelay { get; private set; }

    /// <summary>
    /// Whether a signal waits that is not blocked; <paramref name="mask"/> stands in for <see cref="Blocked"/>.
    /// </summary>
    internal bool IsSignalPending(ulong? mask) =>
        (Volatile.Read(ref _pending) & ~((mask ?? Blocked) & ~Unblockable)) != 0;

    /// <summary>Makes a signal pending (1 to 64); a vCPU that the thread runs leaves guest mode. Any thread.</summary>
    public void Signal(int number)
    {
        Interlocked.Or(ref _pending, 1UL << (number - 1));
        Volatile.Read(ref _running)?.Signalled();
    }

    /// <summary>
    /// Takes a pending signal, as a signal handler or sigtimedwait does. False if it was not pending.
    /// </summary>
    public bool TakeSignal(int number)
    {
        ulong bit = 1UL << (number - 1);
        return (Interlocked.And(ref _pending, ~bit) & bit) != 0;
    }

    /// <summary>
    /// The thread is going to run the vCPU. Taking a core for it is the barrier that pairs with <see cref="Signal"/>:
    /// either that sees the vCPU, or the vCPU sees the signal.
    /// </summary>
    internal void Enter(KvmVcpu vcpu) => Volatile.Write(ref _running, vcpu);

    /// <summary>The thread has waited for a core.</summary>
    internal void AddRunDelay(ulong nanoseconds) => RunDelay += nanoseconds;

    internal void Leave() => Volatile.Write(ref _running, null);
}
