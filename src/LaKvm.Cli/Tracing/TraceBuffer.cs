using LaKvm.Hypervisor;

namespace LaKvm.Cli;

/// <summary>
/// One vCPU's events on their way to the file: filled where they happen while the previous ones are being written. A
/// vCPU that finds it full waits for the writer, so that nothing is ever lost.
/// </summary>
internal sealed class TraceBuffer(Action wakeWriter)
{
    private const int Capacity = 1 << 14;

    private readonly object _gate = new();
    private TraceRecord[] _filling = new TraceRecord[Capacity];
    private TraceRecord[] _writing = new TraceRecord[Capacity];
    private int _count;
    private bool _closed;

    /// <summary>Adds an event; any thread, the vCPU's mostly.</summary>
    internal void Add(in TraceRecord record)
    {
        lock (_gate)
        {
            while (_count == Capacity && !_closed)
            {
                Monitor.Wait(_gate);
            }

            if (_closed)
            {
                return;
            }

            _filling[_count++] = record;
            if (_count != Capacity / 2)
            {
                return;
            }
        }

        wakeWriter();
    }

    /// <summary>Takes all events; they stay valid until the next call.</summary>
    internal ReadOnlySpan<TraceRecord> Take()
    {
        lock (_gate)
        {
            (_filling, _writing) = (_writing, _filling);
            int count = _count;
            _count = 0;
            Monitor.PulseAll(_gate);
            return _writing.AsSpan(0, count);
        }
    }

    /// <summary>Drops what comes from now on.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
