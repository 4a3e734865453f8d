using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Gives physical CPUs to the threads that run vCPUs. With a CPU for each vCPU nobody ever waits; with fewer, a waiting
/// thread takes a CPU over after a time slice, and the time it waited is what its guest sees as stolen.
/// </summary>
internal sealed class HostScheduler(HostCpu[] cpus, IClock clock)
{
    private const int SliceMilliseconds = 3;

    private readonly object _lock = new();
    private int _waiters;

    /// <summary>
    /// Takes a CPU, <paramref name="preferred"/> if it is free. Returns the nanoseconds waited in
    /// <paramref name="delay"/>.
    /// </summary>
    internal HostCpu Acquire(RegisterSet vcpu, int preferred, out ulong delay)
    {
        delay = 0;
        HostCpu? cpu = FindFree(vcpu, preferred);
        if (cpu == null)
        {
            ulong start = clock.Ticks;
            cpu = WaitForCpu(vcpu, preferred);
            delay = HostMachine.ToNanoseconds(clock.Ticks - start);
        }

        cpu.NeedResched = false;
        return cpu;
    }

    /// <summary>A CPU is free.</summary>
    internal void Released()
    {
        if (Volatile.Read(ref _waiters) > 0)
        {
            lock (_lock)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    private HostCpu WaitForCpu(RegisterSet vcpu, int preferred)
    {
        lock (_lock)
        {
            Interlocked.Increment(ref _waiters);
            HostCpu? cpu;
            int victim = Math.Max(preferred, 0);
            while ((cpu = FindFree(vcpu, preferred)) == null)
            {
                if (!Monitor.Wait(_lock, SliceMilliseconds))
                {
                    HostCpu busy = cpus[victim++ % cpus.Length];
                    busy.NeedResched = true;
                    busy.SendIpi();
                }
            }

            Interlocked.Decrement(ref _waiters);
            return cpu;
        }
    }

    private HostCpu? FindFree(RegisterSet vcpu, int preferred)
    {
        if ((uint)preferred < (uint)cpus.Length && cpus[preferred].TryAcquire(vcpu))
        {
            return cpus[preferred];
        }

        // Among the others first one that holds nobody's registers.
        foreach (HostCpu cpu in cpus)
        {
            if (cpu.Resident == null && cpu.TryAcquire(vcpu))
            {
                return cpu;
            }
        }

        foreach (HostCpu cpu in cpus)
        {
            if (cpu.TryAcquire(vcpu))
            {
                return cpu;
            }
        }

        return null;
    }
}
