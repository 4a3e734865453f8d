using System.Runtime.CompilerServices;
using LaKvm.Diagnostics;

namespace LaKvm.Hypervisor;

/// <summary>Takes an event; called on the thread where it happens, a vCPU's mostly, and must not fail.</summary>
/// <param name="record">The event.</param>
public delegate void TraceSink(in TraceRecord record);

/// <summary>The tracepoints of a VM: all off until a sink asks for some.</summary>
public sealed class KvmTracer
{
    /// <summary>All events.</summary>
    public const uint AllEvents = uint.MaxValue;

    private readonly Lock _lock = new();
    private uint _enabled;
    private Subscription[] _subscriptions = [];

    /// <summary>Nanoseconds of the clock that events are stamped with.</summary>
    public static ulong Now => ObserverTime.Nanoseconds;

    /// <summary>
    /// Sends the events of a set (bit n is event n) to a sink, until what is returned is disposed of. A thread that was
    /// just sending may call the sink once more after that.
    /// </summary>
    public IDisposable Attach(uint events, TraceSink sink)
    {
        var subscription = new Subscription(this, events, sink);
        lock (_lock)
        {
            Publish([.. _subscriptions, subscription]);
        }

        return subscription;
    }

    /// <summary>Whether an event is wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Wants(TraceEvent e) => (_enabled >> (int)e & 1) != 0;

    /// <summary>Sends an event to the sinks that want it.</summary>
    public void Send(in TraceRecord record)
    {
        foreach (Subscription subscription in Volatile.Read(ref _subscriptions))
        {
            if ((subscription.Events >> (int)record.Event & 1) != 0)
            {
                subscription.Sink(record);
            }
        }
    }

    private void Publish(Subscription[] subscriptions)
    {
        uint events = 0;
        foreach (Subscription subscription in subscriptions)
        {
            events |= subscription.Events;
        }

        Volatile.Write(ref _subscriptions, subscriptions);
        Volatile.Write(ref _enabled, events);
    }

    private void Detach(Subscription subscription)
    {
        lock (_lock)
        {
            Publish([.. _subscriptions.Where(s => s != subscription)]);
        }
    }

    private sealed class Subscription(KvmTracer tracer, uint events, TraceSink sink) : IDisposable
    {
        internal uint Events => events;

        internal TraceSink Sink => sink;

        public void Dispose() => tracer.Detach(this);
    }
}
