namespace LaKvm.Hypervisor;

/// <summary>
/// Physical core numbers (CSR.CPUID) of a VM's vCPUs: what IPIs and interrupt routes name (struct kvm_phyid_map).
/// </summary>
internal sealed class PhysicalIdMap
{
    private readonly Lock _lock = new();
    private readonly KvmVcpu?[] _vcpus = new KvmVcpu?[KvmLimits.MaxPhysicalId];

    /// <summary>The vCPU with a physical number, or null. Any thread.</summary>
    internal KvmVcpu? Find(ulong id) => id < KvmLimits.MaxPhysicalId ? Volatile.Read(ref _vcpus[id]) : null;

    /// <summary>
    /// Gives a vCPU its physical number, once. EINVAL above 255, for a number that another vCPU has, or for a change.
    /// </summary>
    internal Errno Set(KvmVcpu vcpu, ulong id)
    {
        if (id >= KvmLimits.MaxPhysicalId)
        {
            return Errno.Inval;
        }

        lock (_lock)
        {
            ulong old = vcpu.PhysicalId;
            if (old < KvmLimits.MaxPhysicalId)
            {
                return old == id ? Errno.None : Errno.Inval;
            }

            if (_vcpus[id] != null)
            {
                return Errno.Inval;
            }

            _vcpus[id] = vcpu;
            vcpu.PhysicalId = id;
            return Errno.None;
        }
    }
}
