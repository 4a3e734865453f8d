using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>
/// What a return of KVM_RUN asks for, as KVM_EXIT_* names it; other values are reasons this VMM does not know.
/// </summary>
public enum VcpuExitKind
{
    /// <summary>Nothing.</summary>
    Unknown = (int)KvmExitReason.Unknown,

    /// <summary>
    /// A hypercall: <see cref="Vcpu.HypercallArguments"/>, answered by <see cref="Vcpu.SetHypercallResult"/>.
    /// </summary>
    Hypercall = (int)KvmExitReason.Hypercall,

    /// <summary>A planted breakpoint at PC.</summary>
    Debug = (int)KvmExitReason.Debug,

    /// <summary>An access to a guest-physical address; a read is answered by <see cref="Vcpu.SetReadData"/>.</summary>
    Mmio = (int)KvmExitReason.Mmio,

    /// <summary>A signal or an immediate exit ended the run.</summary>
    Interrupted = (int)KvmExitReason.Intr,

    /// <summary>The hypervisor gave up.</summary>
    InternalError = (int)KvmExitReason.InternalError,

    /// <summary>The dirty ring must be harvested.</summary>
    DirtyRingFull = (int)KvmExitReason.DirtyRingFull,

    /// <summary>An access to an IOCSR; a read is answered by <see cref="Vcpu.SetReadData"/>.</summary>
    Iocsr = (int)KvmExitReason.LoongArchIocsr,
}

/// <summary>An exit to user space.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Address">MMIO and IOCSR: where.</param>
/// <param name="Size">MMIO and IOCSR: bytes.</param>
/// <param name="IsWrite">MMIO and IOCSR: direction.</param>
/// <param name="Data">MMIO and IOCSR: what is written.</param>
public readonly record struct VcpuExit(VcpuExitKind Kind, ulong Address, int Size, bool IsWrite, ulong Data);

/// <summary>Why a vCPU has stopped for a debugger.</summary>
public enum VcpuDebugReason
{
    /// <summary>It has come to a breakpoint, and not executed what is there.</summary>
    Breakpoint,

    /// <summary>It is going to access what is watched.</summary>
    Watchpoint,

    /// <summary>It has executed the instructions that it might.</summary>
    InstructionCount,
}

/// <summary>A stop for a debugger.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Address">Where the breakpoint is, or what is going to be accessed.</param>
public readonly record struct VcpuDebugStop(VcpuDebugReason Reason, ulong Address);
