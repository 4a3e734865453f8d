using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>How often guests were left for something, and how long they were outside.</summary>
/// <param name="Count">Exits.</param>
/// <param name="Nanoseconds">Time outside, in sum.</param>
public readonly record struct ExitTotal(ulong Count, ulong Nanoseconds)
{
    /// <summary>Both together.</summary>
    public static ExitTotal operator +(ExitTotal left, ExitTotal right) =>
        new(left.Count + right.Count, left.Nanoseconds + right.Nanoseconds);
}

/// <summary>
/// Counts a VM's exits from its tracepoints, those that have not ended yet included. Any thread may read.
/// </summary>
public sealed class ExitStatistics
{
    private static readonly int Kinds = Enum.GetValues<ExitKind>().Length;

    private readonly VcpuCounters[] _vcpus;

    /// <summary>Starts at 0.</summary>
    /// <param name="vcpus">Number of vCPUs; their ids are below it.</param>
    public ExitStatistics(int vcpus)
    {
        _vcpus = new VcpuCounters[vcpus];
        for (int id = 0; id < vcpus; id++)
        {
            _vcpus[id] = new VcpuCounters();
        }
    }

    /// <summary>How long the exits took that have ended, of all vCPUs together, by <see cref="ExitKind"/>.</summary>
    public DurationHistogram[] ReadDurations()
    {
        DurationHistogram[] durations = MakeDurations();
        foreach (VcpuCounters vcpu in _vcpus)
        {
            vcpu.AddTo(durations);
        }

        return durations;
    }

    /// <summary>Where the guests were left from, of all vCPUs together, the most frequent places first.</summary>
    /// <param name="most">Number of places at most.</param>
    public IReadOnlyList<ExitPlace> ReadPlaces(int most)
    {
        var sum = new Dictionary<(ExitKind Kind, ulong Pc), ExitTotal>();
        foreach (VcpuCounters vcpu in _vcpus)
        {
            vcpu.AddTo(sum);
        }

        return [.. sum.Select(place => new ExitPlace(place.Key.Kind, place.Key.Pc, place.Value))
            .OrderByDescending(place => place.Total.Count).ThenBy(place => place.Pc).Take(most)];
    }

    /// <summary>Counts the exits of a VM until what is returned is disposed of, when no vCPU runs any more.</summary>
    public IDisposable Attach(Vm vm) => new Attachment(this, vm.Trace(ExitTracker.Events, Take));

    /// <summary>Counts the exits that a tracer tells of until what is returned is disposed of.</summary>
    public IDisposable Attach(KvmTracer tracer) => new Attachment(this, tracer.Attach(ExitTracker.Events, Take));

    /// <summary>
    /// The counters of all vCPUs together, by <see cref="ExitKind"/>, and their nanoseconds in guest mode.
    /// </summary>
    public ExitTotal[] Read(out ulong guestNanoseconds)
    {
        var totals = new ExitTotal[Kinds];
        guestNanoseconds = 0;
        foreach (VcpuCounters vcpu in _vcpus)
        {
            guestNanoseconds += vcpu.AddTo(totals);
        }

        return totals;
    }

    /// <summary>The counters of one vCPU, by <see cref="ExitKind"/>, and its nanoseconds in guest mode.</summary>
    public ExitTotal[] Read(int vcpu, out ulong guestNanoseconds)
    {
        var totals = new ExitTotal[Kinds];
        guestNanoseconds = _vcpus[vcpu].AddTo(totals);
        return totals;
    }

    private static DurationHistogram[] MakeDurations() =>
        [.. Enumerable.Range(0, Kinds).Select(_ => new DurationHistogram())];

    private void Take(in TraceRecord record)
    {
        if ((uint)record.Vcpu < (uint)_vcpus.Length)
        {
            _vcpus[record.Vcpu].Take(record);
        }
    }

    private sealed class Attachment(ExitStatistics statistics, IDisposable tracepoints) : IDisposable
    {
        public void Dispose()
        {
            tracepoints.Dispose();
            foreach (VcpuCounters vcpu in statistics._vcpus)
            {
                vcpu.End();
            }
        }
    }

    /// <summary>One vCPU's. Its own thread meets a reader at its lock once a second, if ever.</summary>
    private sealed class VcpuCounters
    {
        private readonly Lock _lock = new();
        private readonly ExitTotal[] _totals = new ExitTotal[Kinds];
        private readonly DurationHistogram[] _durations = MakeDurations();
        private readonly ExitPlaces _places = new();
        private ExitTracker _tracker;
        private ulong _pc;
        private ulong _guest;

        internal void Take(in TraceRecord record)
        {
            lock (_lock)
            {
                if (record.Event == TraceEvent.Exit)
                {
                    _guest += InGuest(record.Nanoseconds);
                    _pc = record.Pc;
                }

                if (_tracker.Feed(record))
                {
                    Count(_totals, record.Nanoseconds);
                    _durations[(int)_tracker.Kind].Add(record.Nanoseconds - _tracker.Start);
                    _places.Add(_tracker.Kind, _pc, record.Nanoseconds - _tracker.Start);
                }
            }
        }

        internal void AddTo(Dictionary<(ExitKind Kind, ulong Pc), ExitTotal> sum)
        {
            lock (_lock)
            {
                _places.AddTo(sum);
            }
        }

        internal void AddTo(DurationHistogram[] sum)
        {
            lock (_lock)
            {
                for (int kind = 0; kind < Kinds; kind++)
                {
                    sum[kind].Add(_durations[kind]);
                }
            }
        }

        internal ulong AddTo(ExitTotal[] sum)
        {
            lock (_lock)
            {
                for (int kind = 0; kind < Kinds; kind++)
                {
                    sum[kind] += _totals[kind];
                }

                ulong now = KvmTracer.Now;
                if (_tracker.IsOutside)
                {
                    Count(sum, now);
                }

                return _guest + InGuest(now);
            }
        }

        /// <summary>The vCPU is gone; an exit that it was in ends here.</summary>
        internal void End()
        {
            lock (_lock)
            {
                if (_tracker.IsOutside)
                {
                    Count(_totals, KvmTracer.Now);
                }

                _tracker = default;
            }
        }

        private ulong InGuest(ulong now) => _tracker.Entered == 0 || _tracker.IsOutside ? 0 : now - _tracker.Entered;

        private void Count(ExitTotal[] totals, ulong now) =>
            totals[(int)_tracker.Kind] += new ExitTotal(1, now - _tracker.Start);
    }
}
