using System.Runtime.CompilerServices;

namespace LaKvm.Hypervisor;

/// <summary>Tracepoints of one vCPU: an event that nobody wants costs one test.</summary>
internal sealed class VcpuTracer(KvmTracer tracer, int id, VcpuRegisters registers)
{
    /// <summary>Whether an event is wanted.</summary>
    internal bool Wants(TraceEvent e) => tracer.Wants(e);

    /// <summary>Sends an event if it is wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Trace(TraceEvent e, ulong a = 0, ulong b = 0, ulong c = 0)
    {
        if (tracer.Wants(e))
        {
            Send(e, a, b, c);
        }
    }

    /// <summary>Out of line, or each caller had the record and the clock's call in its frame.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Send(TraceEvent e, ulong a, ulong b, ulong c) =>
        tracer.Send(new TraceRecord(e, KvmTracer.Now, id, registers.Pc, a, b, c));
}
