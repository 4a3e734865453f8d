namespace LaKvm.Hypervisor;

/// <summary>What the guests of a VM can be given: the attributes of group 0 of the VM descriptor, by number.</summary>
public enum KvmFeature
{
#pragma warning disable CS1591 // KVM_LOONGARCH_VM_FEAT_*
    Lsx = 0,
    Lasx = 1,
    X86Bt = 2,
    ArmBt = 3,
    MipsBt = 4,
    Pmu = 5,
    PvIpi = 6,
    PvStealTime = 7,
    Ptw = 8,
    MsgInt = 9,
    PvPreempt = 10,
#pragma warning restore CS1591
}

/// <summary>Paravirtual features as CPUCFG word 0x40000004 shows them to the guest.</summary>
[Flags]
public enum PvFeatures : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>IPIs by hypercall.</summary>
    Ipi = 1 << 1,

    /// <summary>Stolen time.</summary>
    StealTime = 1 << 2,

    /// <summary>Mark of a vCPU that is off its CPU.</summary>
    Preempt = 1 << 3,

    /// <summary>Extended interrupt controller with its virtual registers; set by user space.</summary>
    VirtualExtioi = 1 << 24,

    /// <summary>Hypercalls handled by user space; set by user space.</summary>
    UserHypercall = 1 << 25,

    /// <summary>All that user space may set.</summary>
    Known = Ipi | StealTime | Preempt | VirtualExtioi | UserHypercall,
}
