using System.Runtime.CompilerServices;

namespace LaKvm.Hypervisor;

/// <summary>The tracepoints of a VM: all off until a sink asks for some.</summary>
public sealed class KvmTracer
{
    private uint _enabled;
    private Action<TraceRecord>? _sink;

    /// <summary>Sends the events of a set (bit n is event n) to a sink, called from the vCPUs' threads. 0 turns all off.</summary>
    public void Enable(uint events, Action<TraceRecord>? sink)
    {
        Volatile.Write(ref _enabled, 0);
        _sink = sink;
        Volatile.Write(ref _enabled, sink == null ? 0 : events);
    }

    /// <summary>Whether an event is wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Wants(TraceEvent e) => (_enabled >> (int)e & 1) != 0;

    /// <summary>Sends an event that is wanted.</summary>
    internal void Send(in TraceRecord record) => _sink?.Invoke(record);
}
