using System.Diagnostics;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary>
/// Shows the table of exits every second, when the user asks for it, and at the end over the whole run. It never
/// disturbs the guest's console: where that shares the table's terminal, the table appears only on demand and at the
/// end.
/// </summary>
internal sealed class StatReporter : IDisposable
{
    /// <summary>Places that are shown.</summary>
    private const int MostPlaces = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly int _vcpus;
    private readonly string _unit;
    private readonly ExitStatistics _exits;
    private readonly StatOutput _output;
    private readonly ManualResetEventSlim _end = new();
    private readonly Lock _gate = new();
    private readonly Thread? _thread;

    /// <summary>Counters of the machines that have ended; the running one's are added to them.</summary>
    private readonly Dictionary<string, ulong> _ended = [];
    private readonly StatSnapshot _start;
    private ISymbols? _symbols;
    private KvmCounters? _running;
    private StatSnapshot _last;

    /// <summary>Begins the table; a row of the machine's is a vCPU or a core (<paramref name="unit"/>).</summary>
    internal StatReporter(string? path, int vcpus, string unit)
    {
        (_vcpus, _unit) = (vcpus, unit);
        _exits = new ExitStatistics(vcpus);
        _output = StatOutput.Open(path);
        _start = _last = Take();
        if (_output.Style != StatStyle.OnDemand)
        {
            _thread = new Thread(ReportPeriodically) { Name = "exit statistics", IsBackground = true };
            _thread.Start();
        }
    }

    /// <summary>Counts a machine's exits; <paramref name="symbols"/> are its kernel's.</summary>
    internal IDisposable Attach(HostProcess process, VirtualMachine machine, ISymbols? symbols)
    {
        var counters = new KvmCounters(process, machine);
        lock (_gate)
        {
            (_running, _symbols) = (counters, symbols);
        }

        return new Attachment(this, _exits.Attach(machine.Vm));
    }

    /// <summary>Counts the exits that a bare machine's cores tell of; there are no counters of a hypervisor.</summary>
    internal IDisposable Attach(KvmTracer tracer) => _exits.Attach(tracer);

    /// <summary>Shows the table of the time since it was last shown.</summary>
    internal void ShowNow()
    {
        lock (_gate)
        {
            if (!_output.IsJson)
            {
                _output.Show(Table());
            }
        }
    }

    /// <summary>Shows the table of the whole run.</summary>
    public void Dispose()
    {
        _end.Set();
        _thread?.Join();
        lock (_gate)
        {
            StatSnapshot now = Take();
            double seconds = Seconds(_start, now);
            _output.End(_output.IsJson
                ? StatJson.Format(_start, now, _vcpus, _unit)
                : $"{seconds:F1} seconds, {_vcpus} {_unit}{(_vcpus == 1 ? "" : "s")}\n"
                + StatTable.Format(_start, now, seconds, _vcpus));
        }
    }

    private void ReportPeriodically()
    {
        while (!_end.Wait(Interval))
        {
            ShowNow();
        }
    }

    private string Table()
    {
        StatSnapshot from = _last;
        _last = Take();
        return StatTable.Format(from, _last, Seconds(from, _last), _vcpus);
    }

    private StatSnapshot Take()
    {
        var counters = new Dictionary<string, ulong>(_ended);
        _running?.AddTo(counters);
        ExitTotal[] exits = _exits.Read(out ulong guest);
        StatPlace[] places =
            [.. _exits.ReadPlaces(MostPlaces).Select(place => new StatPlace(place, _symbols?.Find(place.Pc)))];
        return new StatSnapshot(Stopwatch.GetTimestamp(), exits, _exits.ReadDurations(), guest, counters, places);
    }

    private void Detach()
    {
        lock (_gate)
        {
            _running!.AddTo(_ended);
            _running.Dispose();
            _running = null;
        }
    }

    internal static double Seconds(StatSnapshot from, StatSnapshot to) =>
        Stopwatch.GetElapsedTime(from.Time, to.Time).TotalSeconds;

    private sealed class Attachment(StatReporter reporter, IDisposable tracepoints) : IDisposable
    {
        public void Dispose()
        {
            tracepoints.Dispose();
            reporter.Detach();
        }
    }
}
