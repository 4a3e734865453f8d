using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>A physical CPU: a core, the engine that executes it, and what KVM keeps for it.</summary>
internal sealed class HostCpu : CoreContext
{
    private readonly HostScheduler _scheduler;

    internal HostCpu(int id, Core core, IExecutionEngine engine, RefillHandler refill, HostScheduler scheduler)
    {
        Id = id;
        Core = core;
        Engine = engine;
        Refill = refill;
        _scheduler = scheduler;
        Slice = new RunSlice(core);
    }

    /// <summary>CPU number.</summary>
    internal int Id { get; }

    /// <summary>The core.</summary>
    internal Core Core { get; }

    internal IExecutionEngine Engine { get; }

    /// <summary>The code behind the core's TLBRENTRY.</summary>
    internal RefillHandler Refill { get; }

    /// <summary>Instructions between two looks at the core's timers.</summary>
    internal RunSlice Slice { get; }

    /// <summary>Another vCPU waits for the CPU: the owner should give it up.</summary>
    internal volatile bool NeedResched;

    /// <summary>What translations the CPU holds of the processes that ran on it.</summary>
    internal UserTlb UserTlb { get; } = new();

    /// <summary>Executes user code until it is left.</summary>
    internal void RunToExit()
    {
        while (Engine.Run(Slice.Left) != RunExit.GuestExit)
        {
            Core.PollTimers();
            Slice.Next();
        }

        Slice.Exited();
    }

    /// <summary>Gives the CPU to whoever waits. Either the waiter sees it free, or it is seen waiting here.</summary>
    internal override void Release()
    {
        base.Release();
        _scheduler.Released(this);
    }

    /// <summary>Makes the CPU leave guest mode: the reschedule IPI.</summary>
    internal void SendIpi() => Core.SetInterruptLine(Estat.Ipi, true);

    /// <summary>What the host's interrupt handlers do after an exit: here, acknowledge the IPI.</summary>
    internal void TakeInterrupts() => Core.SetInterruptLine(Estat.Ipi, false);
}
