using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.Cli;

/// <summary>
/// One vCPU's row of the trace: a slice for each stay in the guest and for each exit, in that one for the time that
/// user space had, and every tracepoint as an instant.
/// </summary>
internal sealed class VcpuTrack
{
    private readonly int _row;
    private readonly ChromeTrace _trace;
    private readonly ExitFilter _filter;

    /// <summary>Events of the exit that has not ended yet: only its end tells what it was for.</summary>
    private readonly List<TraceRecord> _pending = [];
    private ulong _guestFrom;
    private ExitTracker _tracker;
    private TraceRecord _exit;
    private TraceRecord _detail;
    private TraceRecord _userspace;
    private bool _hasDetail;
    private ulong _last;

    internal VcpuTrack(int vcpu, string name, ChromeTrace trace, ExitFilter filter)
    {
        _filter = filter;
        _row = vcpu + 1;
        _trace = trace;
        trace.NameRow(_row, name);
    }

    /// <summary>Takes the vCPU's next event.</summary>
    internal void Add(in TraceRecord record)
    {
        _last = Math.Max(_last, record.Nanoseconds);
        switch (record.Event)
        {
            case TraceEvent.Exit:
                _exit = record;
                _hasDetail = false;
                break;
            case TraceEvent.UserspaceExit:
                _userspace = record;
                break;
            case TraceEvent.Mmio or TraceEvent.Iocsr or TraceEvent.ExitCpucfg or TraceEvent.ExitCsr
                or TraceEvent.Hypercall:
            case TraceEvent.PageFault or TraceEvent.VcpuWakeup:
                // The later tells more: what a read got, what a fault turned out to be.
                _detail = record;
                _hasDetail = true;
                break;
        }

        bool ended = _tracker.Feed(record);
        if (_tracker.IsOutside || ended)
        {
            _pending.Add(record);
        }
        else
        {
            WriteInstant(record);
        }

        if (ended && _filter.Wants(_tracker.Kind, _hasDetail ? _detail.A : 0))
        {
            WriteExit(record.Nanoseconds);
        }
        else if (ended)
        {
            _pending.Clear(); // as if the guest had not been left
        }

        _guestFrom = _guestFrom == 0 ? _tracker.Entered : _guestFrom;
    }

    /// <summary>Writes the slice that is still open.</summary>
    internal void End()
    {
        if (_tracker.IsOutside)
        {
            WriteExit(_last);
        }
        else
        {
            WriteGuest(_last);
        }

        _tracker = default;
        _guestFrom = 0;
    }

    private void WriteGuest(ulong to)
    {
        if (_guestFrom != 0)
        {
            _trace.BeginSlice(_row, "guest", _guestFrom, to);
            _trace.EndArguments();
        }
    }

    /// <summary>Writes the stay in the guest before the exit, the exit, and its events.</summary>
    private void WriteExit(ulong to)
    {
        WriteGuest(_exit.Nanoseconds);
        _guestFrom = to;
        WriteExitSlices(to);
        foreach (TraceRecord record in _pending)
        {
            WriteInstant(record);
        }

        _pending.Clear();
    }

    private void WriteExitSlices(ulong to)
    {
        _trace.BeginSlice(_row, ExitNames.Of(_tracker.Kind), _exit.Nanoseconds, to);
        _trace.Pc(_exit.Pc);
        if (HasInstruction(_tracker.Kind))
        {
            _trace.Instruction("instruction", (uint)_exit.B);
        }

        if (_hasDetail)
        {
            TraceNames.WriteDetail(_trace, _detail);
        }

        _trace.Text("result", _tracker.ReachedUserSpace ? "left to user space" : "resumed the guest");
        _trace.EndArguments();
        if (_tracker.ReachedUserSpace)
        {
            _trace.BeginSlice(_row, "user space", _userspace.Nanoseconds, to);
            _trace.Text("reason", $"{(KvmExitReason)_userspace.A}");
            _trace.EndArguments();
        }
    }

    private void WriteInstant(in TraceRecord record)
    {
        TracePoint point = TraceNames.Of(record.Event);
        _trace.BeginInstant(_row, point.Name, record.Nanoseconds);
        _trace.Pc(record.Pc);
        Argument(point.A, record.A);
        Argument(point.B, record.B);
        Argument(point.C, record.C);
        _trace.EndArguments();
    }

    private void Argument(string? name, ulong value)
    {
        if (name != null)
        {
            _trace.Hex(name, value);
        }
    }

    private static bool HasInstruction(ExitKind kind) => kind is not (ExitKind.Interrupt or ExitKind.PageFault);
}
