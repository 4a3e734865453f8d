using LaKvm.Ioctl;

namespace LaKvm.Cli;

/// <summary>What kinds of exits are called.</summary>
internal static class ExitNames
{
    /// <summary>For people: in tables and on slices.</summary>
    internal static string Of(ExitKind kind) => kind switch
    {
        ExitKind.Interrupt => "interrupt",
        ExitKind.PageFault => "page fault",
        ExitKind.Mmio => "MMIO",
        ExitKind.MmioUser => "MMIO, user space",
        ExitKind.Cpucfg => "CPUCFG",
        ExitKind.Csr => "CSR",
        ExitKind.Iocsr => "IOCSR",
        ExitKind.IocsrUser => "IOCSR, user space",
        ExitKind.Idle => "idle",
        ExitKind.Cache => "CACOP",
        ExitKind.Hypercall => "hypercall",
        ExitKind.HypercallUser => "hypercall, user space",
        ExitKind.FpuDisabled => "FPU first use",
        ExitKind.LsxDisabled => "LSX first use",
        ExitKind.LasxDisabled => "LASX first use",
        ExitKind.Refill => "second-stage refill",
        _ => "other",
    };

    /// <summary>For programs and command lines: "mmio-user-space" for "MMIO, user space".</summary>
    internal static string WordOf(ExitKind kind) => Of(kind).ToLowerInvariant().Replace(",", "").Replace(' ', '-');
}
