using LaKvm.Hypervisor;

namespace LaKvm.Cli;

/// <summary>
/// A tracepoint as it is shown: KVM's name, and what its arguments are; null for one it does not have.
/// </summary>
internal sealed record TracePoint(string Name, string? A = null, string? B = null, string? C = null);

/// <summary>Names of tracepoints and their arguments.</summary>
internal static class TraceNames
{
    private static readonly TracePoint[] Points =
    [
        new("kvm_enter"),
        new("kvm_reenter"),
        new("kvm_out"),
        new("kvm_exit", "ecode", "instruction"),
        new("kvm_exit_idle"),
        new("kvm_exit_cache"),
        new("kvm_exit_cpucfg", "word", "value"),
        new("kvm_exit_csr", "csr", "old", "new"),
        new("kvm_exit_gspr", "instruction"),
        new("kvm_aux", "save", "units"),
        new("kvm_iocsr", "address", "data", "access"),
        new("kvm_mmio", "address", "data", "access"),
        new("kvm_vpid_change", "vpid"),
        new("kvm_userspace_exit", "reason"),
        new("kvm_page_fault", "gpa", "write"),
        new("kvm_set_irq", "irq", "level"),
        new("kvm_hypercall", "code", "function", "result"),
        new("kvm_vcpu_wakeup", "ns", "slept"),
        new("kvm_halt_poll_ns", "new", "old"),
    ];

    /// <summary>The name of a tracepoint.</summary>
    internal static TracePoint Of(TraceEvent e) => Points[(int)e];

    /// <summary>Arguments and result of an exit, from the tracepoint that tells most of it.</summary>
    internal static void WriteDetail(ChromeTrace trace, in TraceRecord detail)
    {
        switch (detail.Event)
        {
            case TraceEvent.Mmio or TraceEvent.Iocsr:
                trace.Hex("address", detail.A);
                if (detail.C != (ulong)TraceAccess.ReadUnsatisfied)
                {
                    trace.Hex(detail.C == (ulong)TraceAccess.Write ? "written" : "read", detail.B);
                }

                break;
            case TraceEvent.ExitCpucfg:
                trace.Number("word", detail.A);
                trace.Hex("read", detail.B);
                break;
            case TraceEvent.ExitCsr:
                trace.Hex("csr", detail.A);
                trace.Hex("read", detail.B);
                trace.Hex("written", detail.C);
                break;
            case TraceEvent.Hypercall:
                trace.Hex("code", detail.A);
                trace.Hex("function", detail.B);
                trace.Hex("returned", detail.C);
                break;
            case TraceEvent.PageFault:
                trace.Hex("gpa", detail.A);
                trace.Text("access", detail.B != 0 ? "write" : "read");
                break;
            case TraceEvent.VcpuWakeup:
                trace.Number("waited ns", detail.A);
                trace.Text("how", detail.B != 0 ? "slept" : "polled");
                break;
        }
    }
}
