namespace LaKvm.Hypervisor;

/// <summary>
/// What KVM keeps for a physical CPU (struct kvm_context): who has the CPU, and whose registers are in it. Owners
/// change it, but for the owner itself, which whoever finds it free may become.
/// </summary>
internal abstract class CoreContext
{
    private RegisterSet? _owner;

    /// <summary>Last VPID handed out: version in the high bits, GID in the low ones.</summary>
    internal ulong VpidCache { get; set; }

    /// <summary>Whose registers the guest CSR file held last; they may have been saved since (last_vcpu).</summary>
    internal RegisterSet? LastVcpu { get; set; }

    /// <summary>Whose registers are in the core and nowhere else.</summary>
    internal RegisterSet? Resident { get; set; }

    /// <summary>Who has the CPU, or null.</summary>
    internal RegisterSet? Owner => Volatile.Read(ref _owner);

    /// <summary>Takes the CPU if it is free. Any thread.</summary>
    internal bool TryAcquire(RegisterSet owner) =>
        _owner == null && Interlocked.CompareExchange(ref _owner, owner, null) == null;

    /// <summary>Makes somebody else the owner. By the owner.</summary>
    internal void Pass(RegisterSet heir) => Interlocked.Exchange(ref _owner, heir);

    /// <summary>Gives the CPU back.</summary>
    internal virtual void Release() => Interlocked.Exchange(ref _owner, null);

    /// <summary>For a test that goes through all states: makes this one of them.</summary>
    internal void SetState(RegisterSet? owner, RegisterSet? resident) => (_owner, Resident) = (owner, resident);
}
