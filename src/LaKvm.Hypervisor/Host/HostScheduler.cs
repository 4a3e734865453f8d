using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Gives physical CPUs to the threads that run vCPUs or user code. With a CPU for each nobody ever waits; with fewer,
/// threads wait in a queue. The first of it takes a CPU over after a time slice, and the time it waited is what its
/// guest sees as stolen.
/// </summary>
internal sealed class HostScheduler(HostCpu[] cpus, IClock clock)
{
    private const int SliceMilliseconds = 3;

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _queue = [];
    private int _waiters;

    /// <summary>
    /// Takes a CPU that the thread may have, <paramref name="preferred"/> if it is free. Returns the nanoseconds waited
    /// in <paramref name="delay"/>.
    /// </summary>
    internal HostCpu Acquire(RegisterSet registers, HostThread thread, int preferred, out ulong delay)
    {
        delay = 0;
        HostCpu cpu = TakeAgain(registers, thread, preferred)
            ?? TakeOther(new Request(registers, thread.Affinity, preferred), ref delay);
        cpu.NeedResched = false;
        return cpu;
    }

    /// <summary>
    /// A CPU is free. Who waits longest gets it: else who has just given it up would have it again first.
    /// </summary>
    internal void Released(HostCpu cpu)
    {
        if (Volatile.Read(ref _waiters) == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (FirstFor(cpu) is { } first && cpu.TryAcquire(first.Request.Registers))
            {
                _queue.Remove(first);
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
        if (Volatile.Read(ref _waiters) != 0 || (uint)preferred >= (uint)cpus.Length)
        {
            return null;
        }

        HostCpu cpu = cpus[preferred];
        return MayRunOn(thread.Affinity, cpu) && cpu.TryAcquire(registers) ? cpu : null;
    }

    private HostCpu TakeOther(in Request request, ref ulong delay)
    {
        if (Volatile.Read(ref _waiters) == 0 && FindFree(request) is { } free)
        {
            return free;
        }

        ulong start = clock.Ticks;
        HostCpu cpu = WaitForCpu(request);
        delay = HostMachine.ToNanoseconds(clock.Ticks - start);
        return cpu;
    }

    private static bool MayRunOn(ulong affinity, HostCpu cpu) => cpu.Id >= 64 || ((affinity >> cpu.Id) & 1) != 0;

    private static void GiveWay(HostCpu cpu)
    {
        cpu.NeedResched = true;
        cpu.SendIpi();
    }

    private HostCpu WaitForCpu(in Request request)
    {
        Interlocked.Increment(ref _waiters);
        var waiter = new Waiter(request);
        lock (_lock)
        {
            // Looked at after being counted: either this sees the CPU free, or who frees it sees the count.
            if (FindFree(request, skipWanted: true) is { } free)
            {
                Interlocked.Decrement(ref _waiters);
                return free;
            }

            _queue.AddLast(waiter);
        }

        int victim = Math.Max(request.Preferred, 0);
        HostCpu? granted;
        while ((granted = waiter.Wait(SliceMilliseconds) ?? TakeTurn(waiter, ref victim)) == null)
        {
            // The owners of the CPUs go on for another slice.
        }

        Interlocked.Decrement(ref _waiters);
        return granted;
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
                _queue.Remove(waiter);
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

    /// <summary>Who waits longest of those who may have a CPU, or null.</summary>
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
    private readonly record struct Request(RegisterSet Registers, ulong Affinity, int Preferred)
    {
        internal bool Allows(HostCpu cpu) => MayRunOn(Affinity, cpu);
    }

    /// <summary>A thread in the queue.</summary>
    private sealed class Waiter(Request request)
    {
        internal Request Request => request;

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

        internal HostCpu? Wait(int milliseconds)
        {
            lock (this)
            {
                if (Granted == null)
                {
                    Monitor.Wait(this, milliseconds);
                }

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
