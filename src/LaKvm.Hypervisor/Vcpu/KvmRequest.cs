namespace LaKvm.Hypervisor;

/// <summary>What a vCPU is asked to do before it enters the guest again: bit numbers (KVM_REQ_*).</summary>
public enum KvmRequest
{
    /// <summary>Use a new VPID, so that no old translation is found.</summary>
    TlbFlush = 0,

    /// <summary>The VM is unusable.</summary>
    VmDead = 1,

    /// <summary>Stop blocking.</summary>
    Unblock = 2,

    /// <summary>The dirty ring is nearly full: leave to user space.</summary>
    DirtyRingSoftFull = 3,

    /// <summary>Drop the second-stage translation of one page pair.</summary>
    TlbFlushGpa = 8,

    /// <summary>Bring the guest's stolen time up to date.</summary>
    StealUpdate = 9,

    /// <summary>Give the guest the performance counters.</summary>
    Pmu = 10,

    /// <summary>Load the guest's FPU or vector registers.</summary>
    FpuLoad = 11,

    /// <summary>Load the guest's binary translation registers.</summary>
    LbtLoad = 12,
}
