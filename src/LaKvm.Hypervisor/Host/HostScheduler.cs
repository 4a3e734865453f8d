using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Gives physical CPUs to the threads that run vCPUs or user code. With a CPU for each nobody ever waits; with fewer,
/// threads wait in a queue. The first of it takes a CPU over after a time slice, and the time it waited is what its
/// guest sees as stolen. A thread that comes from a sleep goes before those whose slice was over, but not for long, so
/// that nobody waits for ever.
/// </summary>
internal sealed class HostScheduler(HostCpu[] cpus, IClock clock)
{
    private const int SliceMilliseconds = 3, LongestWait = 100;

    /// <summary>How much sooner its turn comes who has slept: 200 ms in ticks of the constant timer.</summary>
    private const ulong SleepersLead = IClock.Frequency / 5;

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _queue = [];
    private int _waiters;

    /// <summary>Whether threads wait for a CPU.</summary>
    internal bool HasWaiters => Volatile.Read(ref _waiters) != 0;

    /// <summary>
    /// Takes a CPU that the thread may have, <paramref name="preferred"/> if it is free. Returns the nanoseconds waited
    /// in <paramref name="delay"/>.
    /// </summary>
    internal HostCpu Acquire(RegisterSet registers, HostThread thread, int preferred, out ulong delay)
    {
        delay = 0;
        HostCpu cpu = TakeAgain(registers, thread, preferred)
            ?? TakeOther(new Request(registers, thread.Affinity, preferred, WasRunning: false), ref delay);
        cpu.NeedResched = false;
        return cpu;
    }

    /// <summary>
    /// Gives a CPU to whoever waits, behind whom the thread waits in turn: at the end of a slice, or because it yields.
    /// The delay counts from the moment it could have gone on.
    /// </summary>
    internal HostCpu Exchange(HostCpu cpu, RegisterSet registers, HostThread thread, out ulong delay)
    {
        ulong start = clock.Ticks;
        delay = 0;
        cpu.Release();
        HostCpu next = TakeOther(new Request(registers, thread.Affinity, cpu.Id, WasRunning: true), ref delay);
        delay = HostMachine.ToNanoseconds(clock.Ticks - start);
        next.NeedResched = false;
        return next;
    }

    /// <summary>
    /// A CPU is free. Whoever's turn it is gets it: else who has just given it up would have it again first.
    /// </summary>
    internal void Released(HostCpu cpu)
    {
        if (!HasWaiters)
        {
            return;
        }

        lock (_lock)
        {
            if (FirstFor(cpu) is { } first && cpu.TryAcquire(first.Request.Registers))
            {
                Dequeue(first);
                first.Grant(cpu);
            }
        }
    }

    /// <summary>Does something on each CPU, while nobody else has it.</summary>
    internal void OnEachCpu(Action<HostCpu> action)
    {
        var visitor = new Visitor();
        foreach (HostCpu cpu in cpus)
        {
            SpinWait spin = default;
            while (!cpu.TryAcquire(visitor))
            {
                GiveWay(cpu);
                spin.SpinOnce();
            }

            action(cpu);
            cpu.Release();
        }
    }

    /// <summary>The usual case: nobody waits, and the CPU that the thread would like is free.</summary>
    private HostCpu? TakeAgain(RegisterSet registers, HostThread thread, int preferred)
    {
        if (HasWaiters || (uint)preferred >= (uint)cpus.Length)
        {
            return null;
        }

        HostCpu cpu = cpus[preferred];
        return MayRunOn(thread.Affinity, cpu) && cpu.TryAcquire(registers) ? cpu : null;
    }

    private HostCpu TakeOther(in Request request, ref ulong delay)
    {
        if (!HasWaiters && FindFree(request) is { } free)
        {
            return free;
        }

        ulong start = clock.Ticks;
        HostCpu cpu = WaitForCpu(request);
        delay = HostMachine.ToNanoseconds(clock.Ticks - start);
        return cpu;
    }

    /// <summary>Whether a set of CPUs (<see cref="HostThread.Affinity"/>) has this one.</summary>
    internal static bool MayRunOn(ulong affinity, HostCpu cpu) => cpu.Id >= 64 || ((affinity >> cpu.Id) & 1) != 0;

    private static void GiveWay(HostCpu cpu)
    {
        cpu.NeedResched = true;
        cpu.SendIpi();
    }

    private HostCpu WaitForCpu(in Request request)
    {
        Interlocked.Increment(ref _waiters);
        var waiter = new Waiter(request, clock.Ticks + (request.WasRunning ? SleepersLead : 0));
        lock (_lock)
        {
            // Looked at after being counted: either this sees the CPU free, or who frees it sees the count.
            if (FindFree(request, skipWanted: true) is { } free)
            {
                Interlocked.Decrement(ref _waiters);
                return free;
            }

            Enqueue(waiter);
        }

        HostCpu granted = WaitForTurn(waiter);
        Interlocked.Decrement(ref _waiters);
        return granted;
    }

    /// <summary>
    /// Only who is next looks at the time: with many threads in the queue the others would do nothing but that.
    /// </summary>
    private HostCpu WaitForTurn(Waiter waiter)
    {
        int victim = Math.Max(waiter.Request.Preferred, 0);
        while (true)
        {
            bool next = IsNext(waiter);
            HostCpu? granted = waiter.Wait(next ? SliceMilliseconds : LongestWait, out bool slept)
                ?? (slept ? TakeTurn(waiter, ref victim) : null);
            if (granted != null)
            {
                return granted;
            }
        }
    }

    private bool IsNext(Waiter waiter)
    {
        lock (_lock)
        {
            return waiter.LooksAtTime = Array.Exists(cpus, cpu => FirstFor(cpu) == waiter);
        }
    }

    /// <summary>Takes a thread out of the queue, and tells who is next then.</summary>
    private void Dequeue(Waiter waiter)
    {
        _queue.Remove(waiter);
        foreach (HostCpu cpu in cpus)
        {
            if (FirstFor(cpu) is { LooksAtTime: false } next)
            {
                next.Nudge();
            }
        }
    }

    private void Enqueue(Waiter waiter)
    {
        LinkedListNode<Waiter>? earlier = _queue.Last;
        while (earlier != null && earlier.Value.Due > waiter.Due)
        {
            earlier = earlier.Previous;
        }

        if (earlier == null)
        {
            _queue.AddFirst(waiter);
        }
        else
        {
            _queue.AddAfter(earlier, waiter);
        }
    }

    /// <summary>A slice is over: the first in the queue for a CPU makes its owner give way.</summary>
    private HostCpu? TakeTurn(Waiter waiter, ref int victim)
    {
        HostCpu cpu;
        lock (_lock)
        {
            if (waiter.Granted is { } granted)
            {
                return granted;
            }

            // CPUs are also given up by those who only save what is in them (HandOver) and look at no queue.
            if (FindFree(waiter.Request, skipWanted: false) is { } free)
            {
                Dequeue(waiter);
                return free;
            }

            cpu = cpus[victim++ % cpus.Length];
            if (FirstFor(cpu) != waiter)
            {
                return null;
            }
        }

        GiveWay(cpu);
        return null;
    }

    /// <summary>Whose turn it is of those who may have a CPU, or null.</summary>
    private Waiter? FirstFor(HostCpu cpu)
    {
        foreach (Waiter waiter in _queue)
        {
            if (waiter.Request.Allows(cpu))
            {
                return waiter;
            }
        }

        return null;
    }

    private HostCpu? FindFree(in Request request, bool skipWanted = false)
    {
        if ((uint)request.Preferred < (uint)cpus.Length && TryTake(cpus[request.Preferred], request, skipWanted))
        {
            return cpus[request.Preferred];
        }

        // Among the others first one that holds nobody's registers.
        foreach (HostCpu cpu in cpus)
        {
            if (cpu.Resident == null && TryTake(cpu, request, skipWanted))
            {
                return cpu;
            }
        }

        foreach (HostCpu cpu in cpus)
        {
            if (TryTake(cpu, request, skipWanted))
            {
                return cpu;
            }
        }

        return null;
    }

    private bool TryTake(HostCpu cpu, in Request request, bool skipWanted) => request.Allows(cpu)
        && !(skipWanted && FirstFor(cpu) != null) && cpu.TryAcquire(request.Registers);

    /// <summary>What a thread wants a CPU for, and which ones it may have.</summary>
    private readonly record struct Request(RegisterSet Registers, ulong Affinity, int Preferred, bool WasRunning)
    {
        internal bool Allows(HostCpu cpu) => MayRunOn(Affinity, cpu);
    }

    /// <summary>A thread in the queue.</summary>
    private sealed class Waiter(Request request, ulong due)
    {
        private bool _nudged;

        internal Request Request => request;

        /// <summary>Its place in the queue.</summary>
        internal ulong Due => due;

        /// <summary>Whether it makes the CPUs' owners give way. Under the queue's lock.</summary>
        internal bool LooksAtTime { get; set; }

        /// <summary>The CPU that it was given, or null.</summary>
        internal HostCpu? Granted { get; private set; }

        internal void Grant(HostCpu cpu)
        {
            lock (this)
            {
                Granted = cpu;
                Monitor.Pulse(this);
            }
        }

        /// <summary>Has it find out whether it is next.</summary>
        internal void Nudge()
        {
            lock (this)
            {
                _nudged = true;
                Monitor.Pulse(this);
            }
        }

        /// <summary>Waits for a CPU; <paramref name="slept"/> says that the time is over.</summary>
        internal HostCpu? Wait(int milliseconds, out bool slept)
        {
            lock (this)
            {
                slept = Granted == null && !_nudged && !Monitor.Wait(this, milliseconds);
                _nudged = false;
                return Granted;
            }
        }
    }

    /// <summary>Owns a CPU for a moment, and leaves nothing in it.</summary>
    private sealed class Visitor : RegisterSet
    {
        internal override void Save(CoreContext cpu)
        {
        }

        internal override void Restore(CoreContext cpu)
        {
        }
    }
}
