using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>A physical CPU: a core, the engine that executes it, and KVM's per-CPU context (struct kvm_context).</summary>
public sealed class HostCpu
{
    internal HostCpu(int id, Core core, IExecutionEngine engine)
    {
        Id = id;
        Core = core;
        Engine = engine;
        Slice = new RunSlice(core);
    }

    /// <summary>CPU number.</summary>
    public int Id { get; }

    /// <summary>The core.</summary>
    public Core Core { get; }

    internal IExecutionEngine Engine { get; }

    /// <summary>Instructions between two looks at the core's timers.</summary>
    internal RunSlice Slice { get; }

    /// <summary>Last VPID handed out: version in the high bits, GID in the low ones.</summary>
    internal ulong VpidCache { get; set; }

    /// <summary>Whose registers are in the guest CSR file.</summary>
    internal KvmVcpu? LastVcpu { get; set; }

    /// <summary>The vCPU whose registers are in the core and nowhere else. Changed by the CPU's owner.</summary>
    internal KvmVcpu? Resident { get; set; }

    /// <summary>The vCPU that has the CPU now, or null. Taken and given by <see cref="HostScheduler"/>.</summary>
    internal KvmVcpu? Owner;

    /// <summary>Another vCPU waits for the CPU: the owner should give it up.</summary>
    internal volatile bool NeedResched;

    /// <summary>Makes the CPU leave guest mode: the reschedule IPI.</summary>
    internal void SendIpi() => Core.SetInterruptLine(Estat.Ipi, true);

    /// <summary>What the host's interrupt handlers do after an exit: here, acknowledge the IPI.</summary>
    internal void TakeInterrupts() => Core.SetInterruptLine(Estat.Ipi, false);
}
