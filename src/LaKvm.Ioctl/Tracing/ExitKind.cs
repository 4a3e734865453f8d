namespace LaKvm.Ioctl;

/// <summary>What a guest was left for, as far as the tracepoints between leaving and entering it tell.</summary>
public enum ExitKind
{
    /// <summary>A physical interrupt: somebody wants something of the vCPU.</summary>
    Interrupt,

    /// <summary>A second-stage fault on memory.</summary>
    PageFault,

    /// <summary>A device access that the hypervisor answered.</summary>
    Mmio,

    /// <summary>A device access that user space answered.</summary>
    MmioUser,

    /// <summary>cpucfg.</summary>
    Cpucfg,

    /// <summary>An access to a CSR that the hypervisor keeps.</summary>
    Csr,

    /// <summary>An IOCSR access that the hypervisor answered.</summary>
    Iocsr,

    /// <summary>An IOCSR access that user space answered.</summary>
    IocsrUser,

    /// <summary>idle, with all the time that was waited.</summary>
    Idle,

    /// <summary>cacop.</summary>
    Cache,

    /// <summary>A hypercall that the hypervisor answered.</summary>
    Hypercall,

    /// <summary>A hypercall that user space answered, or a breakpoint.</summary>
    HypercallUser,

    /// <summary>The first use of the floating-point unit since its registers were saved.</summary>
    FpuDisabled,

    /// <summary>The same of LSX.</summary>
    LsxDisabled,

    /// <summary>The same of LASX.</summary>
    LasxDisabled,

    /// <summary>A TLB refill of the second stage, where the hypervisor is not this one.</summary>
    Refill,

    /// <summary>Anything else.</summary>
    Other,
}
