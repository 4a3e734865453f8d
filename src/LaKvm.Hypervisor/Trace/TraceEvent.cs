namespace LaKvm.Hypervisor;

/// <summary>Tracepoints, with KVM's names.</summary>
public enum TraceEvent
{
    /// <summary>KVM_RUN enters guest mode (kvm_enter).</summary>
    Enter,

    /// <summary>Back to guest mode after an exit (kvm_reenter).</summary>
    Reenter,

    /// <summary>KVM_RUN leaves for user space (kvm_out).</summary>
    Out,

    /// <summary>An exit; A is its Ecode (kvm_exit).</summary>
    Exit,

    /// <summary>An idle instruction (kvm_exit_idle).</summary>
    ExitIdle,

    /// <summary>A cacop instruction (kvm_exit_cache).</summary>
    ExitCache,

    /// <summary>A cpucfg instruction; A is the word (kvm_exit_cpucfg).</summary>
    ExitCpucfg,

    /// <summary>A CSR instruction; A is the CSR (kvm_exit_csr).</summary>
    ExitCsr,

    /// <summary>A guest-sensitive instruction; A is its word (kvm_exit_gspr).</summary>
    ExitGspr,

    /// <summary>A unit's registers move; A is 1 to save, 0 to restore, B the units (kvm_aux).</summary>
    Aux,

    /// <summary>An IOCSR access; A is the address, B the data, C is 1 for a write (kvm_iocsr).</summary>
    Iocsr,

    /// <summary>An MMIO access; A is the address, B the data, C is 1 for a write (kvm_mmio).</summary>
    Mmio,

    /// <summary>A vCPU gets a new VPID, in A (kvm_vpid_change).</summary>
    VpidChange,

    /// <summary>KVM_RUN returns; A is the exit reason (kvm_userspace_exit).</summary>
    UserspaceExit,

    /// <summary>A second-stage fault; A is the guest-physical address, B is 1 for a write (kvm_page_fault).</summary>
    PageFault,

    /// <summary>An interrupt line changes; A is the number, B the level (kvm_set_irq).</summary>
    SetIrq,
}

/// <summary>One event.</summary>
/// <param name="Event">Tracepoint.</param>
/// <param name="Nanoseconds">When.</param>
/// <param name="Vcpu">vCPU, or -1.</param>
/// <param name="Pc">Guest's program counter.</param>
/// <param name="A">First argument.</param>
/// <param name="B">Second argument.</param>
/// <param name="C">Third argument.</param>
public readonly record struct TraceRecord(
    TraceEvent Event, ulong Nanoseconds, int Vcpu, ulong Pc, ulong A, ulong B, ulong C);
