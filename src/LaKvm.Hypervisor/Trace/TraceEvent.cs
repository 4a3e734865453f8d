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

    /// <summary>An exit; A is its Ecode, B the instruction's word as far as the exit tells it (kvm_exit).</summary>
    Exit,

    /// <summary>An idle instruction (kvm_exit_idle).</summary>
    ExitIdle,

    /// <summary>A cacop instruction (kvm_exit_cache).</summary>
    ExitCache,

    /// <summary>A cpucfg instruction; A is the word asked for, B its value (kvm_exit_cpucfg).</summary>
    ExitCpucfg,

    /// <summary>A CSR instruction; A is the CSR, B what rd gets, C the new value (kvm_exit_csr).</summary>
    ExitCsr,

    /// <summary>A guest-sensitive instruction; A is its word (kvm_exit_gspr).</summary>
    ExitGspr,

    /// <summary>A unit's registers move; A is 1 to save, 0 to restore, B the units (kvm_aux).</summary>
    Aux,

    /// <summary>An IOCSR access; A is the address, B the data, C a <see cref="TraceAccess"/> (kvm_iocsr).</summary>
    Iocsr,

    /// <summary>An MMIO access; A is the address, B the data, C a <see cref="TraceAccess"/> (kvm_mmio).</summary>
    Mmio,

    /// <summary>A vCPU gets a new VPID, in A (kvm_vpid_change).</summary>
    VpidChange,

    /// <summary>KVM_RUN returns; A is the exit reason (kvm_userspace_exit).</summary>
    UserspaceExit,

    /// <summary>A second-stage fault; A is the guest-physical address, B is 1 for a write (kvm_page_fault).</summary>
    PageFault,

    /// <summary>An interrupt line changes; A is the number, B the level (kvm_set_irq).</summary>
    SetIrq,

    /// <summary>A hypercall; A is its code, B the function, C the result (kvm_hypercall).</summary>
    Hypercall,

    /// <summary>
    /// An idle vCPU goes on; A is how many nanoseconds it waited, B is 1 if it slept (kvm_vcpu_wakeup).
    /// </summary>
    VcpuWakeup,

    /// <summary>
    /// How long an idle vCPU polls changes; A is the new number of nanoseconds, B the old (kvm_halt_poll_ns).
    /// </summary>
    HaltPollNs,
}

/// <summary>What an access to a device or IOCSR is.</summary>
public enum TraceAccess
{
    /// <summary>A read, with its data.</summary>
    Read,

    /// <summary>A write.</summary>
    Write,

    /// <summary>A read that user space has to answer.</summary>
    ReadUnsatisfied,
}

/// <summary>One event.</summary>
/// <param name="Event">Tracepoint.</param>
/// <param name="Nanoseconds">When, by the host's monotonic clock.</param>
/// <param name="Vcpu">vCPU, or -1.</param>
/// <param name="Pc">Guest's program counter.</param>
/// <param name="A">First argument.</param>
/// <param name="B">Second argument.</param>
/// <param name="C">Third argument.</param>
public readonly record struct TraceRecord(
    TraceEvent Event, ulong Nanoseconds, int Vcpu, ulong Pc, ulong A, ulong B, ulong C);
