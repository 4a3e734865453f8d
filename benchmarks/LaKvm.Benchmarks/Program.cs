using BenchmarkDotNet.Running;
using LaKvm.Benchmarks;

if (args is [BestTimes.Argument, ..])
{
    BestTimes.Print(args.ElementAtOrDefault(1) ?? "");
}
else if (args is [PairedTimes.Argument, var directory, ..])
{
    PairedTimes.Print(directory, args.ElementAtOrDefault(2) ?? "");
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Engines).Assembly).Run(args);
}
