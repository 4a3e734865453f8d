using System.Diagnostics;

namespace LaKvm.Benchmarks;

/// <summary>
/// The exit benchmarks for a computer that has other work: the best of many short runs, which that disturbs least. What
/// BenchmarkDotNet reports there is the mean of everything.
/// </summary>
internal static class BestTimes
{
    internal const string Argument = "best";

    private const int Runs = 3000, FaultRuns = 50;

    /// <summary>Prints nanoseconds of each kind, for each engine.</summary>
    /// <param name="filter">What a case's engine and name contain; empty for all.</param>
    internal static void Print(string filter)
    {
        foreach (string engine in new[] { Engines.Translator, Engines.Interpreter })
        {
            foreach (string name in BenchmarkCases.Names())
            {
                string title = $"{engine} {name}";
                if (title.Contains(filter, StringComparison.OrdinalIgnoreCase))
                {
                    Console.WriteLine($"{title,-40} {Best(engine, name),6:F0} ns");
                }
            }
        }
    }

    private static double Best(string engine, string name)
    {
        (Action prepare, Action run, int operations, IDisposable guest) = BenchmarkCases.Open(engine, name);
        using (guest)
        {
            double best = double.MaxValue;
            for (int i = operations < 1000 ? FaultRuns : Runs; i > 0; i--)
            {
                prepare();
                long start = Stopwatch.GetTimestamp();
                run();
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
            }

            return best / operations;
        }
    }
}
