using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;

namespace LaKvm.Benchmarks;

/// <summary>
/// Compares this build's <see cref="BenchmarkCases"/> with another build's, both loaded into one process and run in
/// turns of a fraction of a millisecond each, so that whatever else the computer does meets both. What counts is the
/// best time of each.
/// </summary>
internal static class PairedTimes
{
    internal const string Argument = "pair";

    private const int Rounds = 4000, FaultRounds = 60;

    private delegate (Action Prepare, Action Run, int Operations, IDisposable Guest) Opener(string engine, string name);

    /// <summary>Prints nanoseconds of each case in the other build and in this one, and how they compare.</summary>
    /// <param name="directory">The other build's output.</param>
    /// <param name="filter">What a case's engine and name contain; empty for all.</param>
    internal static void Print(string directory, string filter)
    {
        Opener other = Load(Path.GetFullPath(directory));
        Console.WriteLine($"{"",-42}{"other",9}{"this",9}");
        foreach (string engine in new[] { Engines.Translator, Engines.Interpreter })
        {
            foreach (string name in BenchmarkCases.Names())
            {
                string title = $"{engine} {name}";
                if (title.Contains(filter, StringComparison.OrdinalIgnoreCase))
                {
                    (double before, double after) = Measure(other, BenchmarkCases.Open, engine, name);
                    double change = (after / before * 100) - 100;
                    Console.WriteLine($"{title,-42}{before,6:F1} ns{after,6:F1} ns {change,6:F1} %");
                }
            }
        }
    }

    private static Opener Load(string directory)
    {
        var context = new OtherBuild(directory);
        string own = typeof(BenchmarkCases).Assembly.GetName().Name + ".dll";
        Type cases = context.LoadFromAssemblyPath(Path.Combine(directory, own))
            .GetType(typeof(BenchmarkCases).FullName!, throwOnError: true)!;
        return cases.GetMethod(nameof(BenchmarkCases.Open), BindingFlags.Static | BindingFlags.NonPublic)!
            .CreateDelegate<Opener>();
    }

    private static (double Other, double This) Measure(Opener other, Opener own, string engine, string name)
    {
        var a = other(engine, name);
        var b = own(engine, name);
        using IDisposable first = a.Guest, second = b.Guest;
        double bestA = double.MaxValue, bestB = double.MaxValue;
        int rounds = a.Operations < 1000 ? FaultRounds : Rounds;
        for (int i = 0; i < rounds; i++)
        {
            bestA = Math.Min(bestA, Time(a.Prepare, a.Run));
            bestB = Math.Min(bestB, Time(b.Prepare, b.Run));
        }

        return (bestA / a.Operations, bestB / b.Operations);
    }

    private static double Time(Action prepare, Action run)
    {
        prepare();
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    /// <summary>The project's own assemblies from another directory; all others are this build's.</summary>
    private sealed class OtherBuild(string directory) : AssemblyLoadContext
    {
        protected override Assembly? Load(AssemblyName name)
        {
            string file = Path.Combine(directory, name.Name + ".dll");
            return name.Name!.StartsWith("LaKvm.") && File.Exists(file) ? LoadFromAssemblyPath(file) : null;
        }
    }
}
