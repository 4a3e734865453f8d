namespace LaKvm.Hypervisor;

/// <summary>Physical core numbers (CSR.CPUID) of the vCPUs: what IPIs and interrupt routes name.</summary>
public sealed partial class KvmVm
{
    private readonly Lock _physicalIdLock = new();
    private readonly KvmVcpu?[] _physicalIds = new KvmVcpu?[KvmLimits.MaxPhysicalId];

    /// <summary>The vCPU with a physical number, or null.</summary>
    internal KvmVcpu? VcpuByPhysicalId(ulong id) =>
        id < KvmLimits.MaxPhysicalId ? Volatile.Read(ref _physicalIds[id]) : null;

    /// <summary>
    /// Gives a vCPU its physical number, once. EINVAL above 255, for a number that another vCPU has, or for a change.
    /// </summary>
    internal Errno SetPhysicalId(KvmVcpu vcpu, ulong id)
    {
        if (id >= KvmLimits.MaxPhysicalId)
        {
            return Errno.Inval;
        }

        lock (_physicalIdLock)
        {
            ulong old = vcpu.PhysicalId;
            if (old < KvmLimits.MaxPhysicalId)
            {
                return old == id ? Errno.None : Errno.Inval;
            }

            if (_physicalIds[id] != null)
            {
                return Errno.Inval;
            }

            _physicalIds[id] = vcpu;
            vcpu.PhysicalId = id;
            return Errno.None;
        }
    }
}
