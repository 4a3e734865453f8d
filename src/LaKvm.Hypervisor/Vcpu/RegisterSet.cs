namespace LaKvm.Hypervisor;

/// <summary>
/// Registers of a vCPU, of which the newest copy is either in memory or in one core. One thread at a time works for the
/// vCPU, under its mutex; threads of others may save its registers when they take the core that these are in.
/// </summary>
internal abstract class RegisterSet
{
    private CoreContext? _residentCpu;

    /// <summary>
    /// The core that holds the registers, or null: then they are in memory. Written by that core's owner.
    /// </summary>
    internal CoreContext? ResidentCpu
    {
        get => Volatile.Read(ref _residentCpu);
        set => Volatile.Write(ref _residentCpu, value);
    }

    /// <summary>Core to memory; by the owner of the core, on any thread.</summary>
    internal abstract void Save(CoreContext cpu);

    /// <summary>Memory to core; by this vCPU's thread, which owns the core.</summary>
    internal abstract void Restore(CoreContext cpu);

    /// <summary>
    /// Of what the core holds, the floating-point and vector registers to memory; by the owner of the core, which needs
    /// that unit itself.
    /// </summary>
    internal virtual void LoseFpu(CoreContext cpu)
    {
    }
}
