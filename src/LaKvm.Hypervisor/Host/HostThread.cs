namespace LaKvm.Hypervisor;

/// <summary>What a thread does that must be left for a signal.</summary>
public interface IHostWork
{
    /// <summary>The thread has got a signal. Any thread.</summary>
    void Signalled();
}

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
    private IHostWork? _running;
    private KvmVcpu? _lastVcpu;

    /// <summary>The calling thread.</summary>
    public static HostThread Current => _current ??= new HostThread();

    /// <summary>Makes the calling .NET thread this one, which others may have signalled already.</summary>
    public void Begin() => _current = this;

    /// <summary>Signals that do not interrupt the thread: bit n-1 is signal n.</summary>
    public ulong Blocked { get; set; }

    /// <summary>
    /// CPUs that the thread may run on (sched_setaffinity): bit n is CPU n; those above 63 always may.
    /// </summary>
    public ulong Affinity { get; set; } = ulong.MaxValue;

    /// <summary>
    /// Nanoseconds that the thread could have run and had to wait for one of the machine's cores
    /// (sched_info.run_delay). What the real host takes is not in it: asking for that costs a system call.
    /// </summary>
    public ulong RunDelay { get; private set; }

    /// <summary>Whether any signal waits, blocked or not.</summary>
    internal bool HasSignals => Volatile.Read(ref _pending) != 0;

    /// <summary>
    /// Whether a signal waits that is not blocked; <paramref name="mask"/> stands in for <see cref="Blocked"/>.
    /// </summary>
    public bool IsSignalPending(ulong? mask = null) =>
        (Volatile.Read(ref _pending) & ~((mask ?? Blocked) & ~Unblockable)) != 0;

    /// <summary>
    /// Makes a signal pending (1 to 64); a guest or program that the thread runs is left. Any thread.
    /// </summary>
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
    /// The thread is going to run a vCPU, or user code. Taking a core for it is the barrier that pairs with
    /// <see cref="Signal"/>: either that sees the work, or the work sees the signal.
    /// </summary>
    public void Enter(IHostWork work) => Interlocked.Exchange(ref _running, work);

    /// <summary>The same for a vCPU, whose core is taken only behind this: that is barrier enough.</summary>
    /// <returns>Whether it is another vCPU than the last one.</returns>
    internal bool EnterVcpu(KvmVcpu vcpu)
    {
        Volatile.Write(ref _running, vcpu);
        bool changed = _lastVcpu != vcpu;
        _lastVcpu = vcpu;
        return changed;
    }

    /// <summary>The user code of a program's thread, which may have a core; null for a thread of .NET's.</summary>
    internal UserMode? User { get; set; }

    /// <summary>
    /// Gives up the core that the thread's user code has: before everything that may wait, for a lock as well, unless
    /// who has that never waits for a core. By the thread itself.
    /// </summary>
    public void GiveUpCore() => User?.GiveUpCore();

    /// <summary>The thread has waited for a core.</summary>
    internal void AddRunDelay(ulong nanoseconds) => RunDelay += nanoseconds;

    /// <summary>It does that no more.</summary>
    public void Leave() => Volatile.Write(ref _running, null);
}
