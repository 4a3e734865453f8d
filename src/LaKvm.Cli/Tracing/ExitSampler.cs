using System.Diagnostics;
using LaKvm.Control;
using LaKvm.Ioctl;

namespace LaKvm.Cli;

/// <summary>
/// Counts guests' exits for programs and the page, through all resets, from the first question on.
/// </summary>
/// <param name="vcpus">Number of vCPUs, or of cores that execute them.</param>
internal sealed class ExitSampler(int vcpus) : IMachineStatistics
{
    private readonly Lock _lock = new();
    private ExitStatistics? _exits;
    private Func<ExitStatistics, IDisposable>? _count;
    private IDisposable? _counting;
    private long _start;

    /// <summary>A machine is there, until what is returned is disposed of; then no vCPU runs any more.</summary>
    /// <param name="count">Begins to count its exits.</param>
    internal IDisposable Attach(Func<ExitStatistics, IDisposable> count)
    {
        lock (_lock)
        {
            _count = count;
            _counting = _exits == null ? null : count(_exits);
        }

        return new Attachment(this);
    }

    /// <inheritdoc/>
    public StatisticsSample Sample()
    {
        lock (_lock)
        {
            if (_count == null && _exits == null)
            {
                return StatisticsSample.None;
            }

            if (_exits == null)
            {
                _exits = new ExitStatistics(vcpus);
                _start = Stopwatch.GetTimestamp();
                _counting = _count!(_exits);
            }

            return Take(_exits);
        }
    }

    private StatisticsSample Take(ExitStatistics statistics)
    {
        ExitTotal[] totals = statistics.Read(out _);
        DurationHistogram[] durations = statistics.ReadDurations();
        ExitSample[] exits = [.. from kind in Enum.GetValues<ExitKind>()
                                 let total = totals[(int)kind]
                                 let times = durations[(int)kind]
                                 where total.Count > 0
                                 select new ExitSample(ExitNames.WordOf(kind), total.Count, total.Nanoseconds,
                                     times.Percentile(50), times.Percentile(99), times.Maximum)];
        return new StatisticsSample((ulong)Stopwatch.GetElapsedTime(_start).TotalNanoseconds, exits,
            [.. Enumerable.Range(0, vcpus).Select(id => OfVcpu(statistics, id))]);
    }

    private static VcpuSample OfVcpu(ExitStatistics statistics, int id)
    {
        ExitTotal[] totals = statistics.Read(id, out ulong guest);
        ulong all = 0, user = 0;
        for (int kind = 0; kind < totals.Length; kind++)
        {
            all += totals[kind].Nanoseconds;
            user += (ExitKind)kind is ExitKind.MmioUser or ExitKind.IocsrUser or ExitKind.HypercallUser
                ? totals[kind].Nanoseconds : 0;
        }

        ulong idle = totals[(int)ExitKind.Idle].Nanoseconds;
        return new VcpuSample(guest, all - user - idle, user, idle);
    }

    private void Detach()
    {
        lock (_lock)
        {
            _counting?.Dispose();
            (_count, _counting) = (null, null);
        }
    }

    private sealed class Attachment(ExitSampler sampler) : IDisposable
    {
        public void Dispose() => sampler.Detach();
    }
}
