using BenchmarkDotNet.Running;
using LaKvm.Benchmarks;

if (args is [BestTimes.Argument])
{
    BestTimes.Print();
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Engines).Assembly).Run(args);
}
