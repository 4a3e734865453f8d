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
    internal HostCpu Acquire(KvmVcpu vcpu, int preferred, out ulong delay)
    {
        delay = 0;
        lock (_lock)
        {
            HostCpu? cpu = FindFree(preferred);
            if (cpu == null)
            {
                ulong start = clock.Ticks;
                cpu = WaitForCpu(preferred);
                delay = HostMachine.ToNanoseconds(clock.Ticks - start);
            }

            cpu.Owner = vcpu;
            cpu.NeedResched = false;
            return cpu;
        }
    }

    /// <summary>Gives the CPU to whoever waits.</summary>
    internal void Release(HostCpu cpu)
    {
        lock (_lock)
        {
            cpu.Owner = null;
            if (_waiters > 0)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    private HostCpu WaitForCpu(int preferred)
    {
        _waiters++;
        HostCpu? cpu;
        int victim = Math.Max(preferred, 0);
        while ((cpu = FindFree(preferred)) == null)
        {
            if (!Monitor.Wait(_lock, SliceMilliseconds))
            {
                HostCpu busy = cpus[victim++ % cpus.Length];
                busy.NeedResched = true;
                busy.SendIpi();
            }
        }

        _waiters--;
        return cpu;
    }

    private HostCpu? FindFree(int preferred)
    {
        if ((uint)preferred < (uint)cpus.Length && cpus[preferred].Owner == null)
        {
            return cpus[preferred];
        }

        foreach (HostCpu cpu in cpus)
        {
            if (cpu.Owner == null)
            {
                return cpu;
            }
        }

        return null;
    }
}
