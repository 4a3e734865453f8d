using LaKvm.Cpu;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>
/// Follows one vCPU through its tracepoints: from leaving the guest (kvm_exit) to being in it again (kvm_enter,
/// kvm_reenter), user space included.
/// </summary>
public struct ExitTracker
{
    /// <summary>The events that it has to be given: bit n is event n.</summary>
    public const uint Events = 1u << (int)TraceEvent.Enter | 1u << (int)TraceEvent.Reenter | 1u << (int)TraceEvent.Exit
        | 1u << (int)TraceEvent.ExitIdle | 1u << (int)TraceEvent.ExitCache | 1u << (int)TraceEvent.ExitCpucfg
        | 1u << (int)TraceEvent.ExitCsr | 1u << (int)TraceEvent.Iocsr | 1u << (int)TraceEvent.Mmio
        | 1u << (int)TraceEvent.UserspaceExit;

    /// <summary>Whether the guest was left and not entered again.</summary>
    public bool IsOutside { get; private set; }

    /// <summary>What for; settled when the exit ends.</summary>
    public ExitKind Kind { get; private set; }

    /// <summary>Whether user space was asked.</summary>
    public bool ReachedUserSpace { get; private set; }

    /// <summary>When the guest was left, in nanoseconds.</summary>
    public ulong Start { get; private set; }

    /// <summary>When the guest was entered last, in nanoseconds; 0 if it never was.</summary>
    public ulong Entered { get; private set; }

    /// <summary>Takes the next event of the vCPU; true if an exit ends with it.</summary>
    public bool Feed(in TraceRecord record)
    {
        switch (record.Event)
        {
            case TraceEvent.Enter or TraceEvent.Reenter:
                bool ends = IsOutside;
                IsOutside = false;
                Entered = record.Nanoseconds;
                return ends;
            case TraceEvent.Exit:
                IsOutside = true;
                ReachedUserSpace = false;
                Start = record.Nanoseconds;
                Kind = OfException(record.A);
                return false;
            case TraceEvent.UserspaceExit:
                ReachedUserSpace = IsOutside;
                Kind = InUserSpace(Kind);
                return false;
            default:
                Kind = OfDetail(record.Event, Kind);
                return false;
        }
    }

    /// <summary>Exception codes of manual volume 1, table 21.</summary>
    private static ExitKind OfException(ulong ecode) => ecode switch
    {
        0 => ExitKind.Interrupt,
        >= 1 and <= 4 => ExitKind.PageFault,
        0xf => ExitKind.FpuDisabled,
        0x10 => ExitKind.LsxDisabled,
        0x11 => ExitKind.LasxDisabled,
        0x17 => ExitKind.Hypercall,
        (ulong)Trap.Tlbr => ExitKind.Refill,
        _ => ExitKind.Other,
    };

    private static ExitKind OfDetail(TraceEvent detail, ExitKind kind) => detail switch
    {
        TraceEvent.ExitIdle => ExitKind.Idle,
        TraceEvent.ExitCache => ExitKind.Cache,
        TraceEvent.ExitCpucfg => ExitKind.Cpucfg,
        TraceEvent.ExitCsr => ExitKind.Csr,
        TraceEvent.Iocsr when kind != ExitKind.IocsrUser => ExitKind.Iocsr,
        TraceEvent.Mmio when kind != ExitKind.MmioUser => ExitKind.Mmio,
        _ => kind,
    };

    private static ExitKind InUserSpace(ExitKind kind) => kind switch
    {
        ExitKind.Mmio => ExitKind.MmioUser,
        ExitKind.Iocsr => ExitKind.IocsrUser,
        ExitKind.Hypercall => ExitKind.HypercallUser,
        _ => kind,
    };
}
