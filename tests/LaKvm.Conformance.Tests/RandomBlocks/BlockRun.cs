using System.Diagnostics;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Checks blocks one batch after the other until there are enough, and reports.</summary>
internal sealed class BlockRun(BlockKind kind, uint seed) : IDisposable
{
    /// <summary>After that many findings there is enough to look at.</summary>
    private const int EnoughFindings = 10;

    private readonly BlockChecker _checker = new(warmCount: (int)(seed % 2));
    private readonly BlockGenerator _generator = new(kind);
    private readonly Block[] _blocks = [.. Enumerable.Range(0, Layout.Blocks).Select(_ => new Block())];
    private readonly Stopwatch _watch = new();
    private ulong _next = (ulong)seed << 32;

    /// <summary>Descriptions of what went wrong.</summary>
    public List<string> Findings { get; } = [];

    /// <summary>Blocks compared so far.</summary>
    public long Compared => _checker.Compared;

    /// <summary>What happened so far, in a line.</summary>
    public string Summary =>
        $"{kind} seed {seed}: {Compared} blocks ({_checker.Instructions} instructions) in "
        + $"{_watch.Elapsed.TotalSeconds:f0} s, "
        + $"{_checker.Trapped} ended by an exception, {_checker.Known} known differences, {_checker.Dropped} blocks "
        + $"besides that were no test, QEMU restarted {_checker.Restarts} times, "
        + $"{Findings.Count} findings";

    /// <summary>Checks blocks until there are <paramref name="blocks"/> or the time is over.</summary>
    public void Run(long blocks, TimeSpan time, Action<string>? progress = null)
    {
        _watch.Start();
        var since = Stopwatch.StartNew();
        for (long end = Compared + blocks; Compared < end && _watch.Elapsed < time && Findings.Count < EnoughFindings;)
        {
            RunBatch(progress);
            if (progress != null && since.Elapsed.TotalSeconds > 30)
            {
                progress(Summary);
                since.Restart();
            }
        }

        _watch.Stop();
        progress?.Invoke(Summary);
    }

    public void Dispose() => _checker.Dispose();

    private void RunBatch(Action<string>? progress)
    {
        Block? previous = null;
        for (int n = 0; n < _blocks.Length; n++)
        {
            _generator.Make(_blocks[n], _next++, n, _checker.AddressBehind(previous));
            previous = _blocks[n];
        }

        var shrinker = new Shrinker(_checker);
        foreach (Finding finding in _checker.Run(_blocks).Take(EnoughFindings))
        {
            Findings.Add(Report.Write(shrinker.Shrink(finding)));
            progress?.Invoke(Findings[^1]);
        }
    }
}
