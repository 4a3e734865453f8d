using System.Diagnostics;
using LaKvm.Cpu;
using LaKvm.Hypervisor.Tests;

namespace LaKvm.Benchmarks;

/// <summary>
/// The exit benchmarks for a computer that has other work: the best of many short runs, which that disturbs least. What
/// BenchmarkDotNet reports there is the mean of everything.
/// </summary>
internal static class BestTimes
{
    internal const string Argument = "best";

    private const int Runs = 3000, FaultRuns = 50, Repeat = 1000;

    /// <summary>Prints nanoseconds of each kind, for each engine.</summary>
    internal static void Print()
    {
        foreach (string name in new[] { Engines.Translator, Engines.Interpreter })
        {
            Func<Core, IExecutionEngine> engine = core => Engines.Create(name, core);
            foreach (LoopExit exit in Enum.GetValues<LoopExit>())
            {
                using var loop = new ExitLoop(exit, engine);
                Print(name, $"{exit}", Best(Runs, () => { }, loop.Run) / ExitLoop.ExitsPerRun);
            }

            foreach (LoopFault fault in Enum.GetValues<LoopFault>())
            {
                using var loop = new MemoryLoop(fault, engine);
                Print(name, $"{fault} fault", Best(FaultRuns, loop.Prepare, loop.Run) / MemoryLoop.FaultsPerRun(fault));
            }

            PrintVcpu(name, engine);
        }
    }

    private static void PrintVcpu(string name, Func<Core, IExecutionEngine> engine)
    {
        using var plain = new VcpuLoop(engine);
        double run = BestRepeated(plain.Run), load = BestRepeated(plain.PutAndRun);
        Print(name, "vCPU put and load", load - run);
        Print(name, "KVM_GET_ONE_REG", BestRepeated(() => plain.GetOneReg()));
        Print(name, "KVM_SET_ONE_REG", BestRepeated(plain.SetOneReg));
        Print(name, "remote flush, idle vCPUs", BestRepeated(plain.FlushRemoteTlbs));
        using var fpu = new VcpuLoop(engine, usesFpu: true);
        Print(name, "FPU ownership", BestRepeated(fpu.PutAndRun) - load);
        using var timer = new VcpuLoop(engine, usesTimer: true);
        Print(name, "timer save and restore", BestRepeated(timer.PutAndRun) - load);
    }

    private static double BestRepeated(Action action) => Best(Runs, () => { }, () =>
    {
        for (int i = 0; i < Repeat; i++)
        {
            action();
        }
    }) / Repeat;

    private static double Best(int runs, Action prepare, Action run)
    {
        double best = double.MaxValue;
        for (int i = 0; i < runs; i++)
        {
            prepare();
            long start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        return best;
    }

    private static void Print(string engine, string what, double nanoseconds) =>
        Console.WriteLine($"{engine,-12} {what,-26} {nanoseconds,8:F0} ns");
}
