using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// No way out of a guest and back allocates. The runtime's own work on the thread may (making code for a method, say), but
/// not once per exit.
/// </summary>
public sealed class AllocationTests
{
    private const int Runs = 10;

    private static readonly Func<Core, IExecutionEngine>[] Engines =
        TranslatorEngine.IsSupported ? [Interpreter, core => new TranslatorEngine(core)] : [Interpreter];

    public static TheoryData<LoopExit> Exits() => [.. Enum.GetValues<LoopExit>()];

    public static TheoryData<LoopFault> Faults() => [.. Enum.GetValues<LoopFault>()];

    [Theory]
    [MemberData(nameof(Exits))]
    public void Exit_allocates_nothing(LoopExit exit)
    {
        foreach (Func<Core, IExecutionEngine> engine in Engines)
        {
            using var loop = new ExitLoop(exit, engine);
            Allocated(() => { }, loop.Run).Should().BeLessThan(Runs * ExitLoop.ExitsPerRun);
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_allocates_nothing(LoopFault fault)
    {
        foreach (Func<Core, IExecutionEngine> engine in Engines)
        {
            using var loop = new MemoryLoop(fault, engine);
            Allocated(loop.Prepare, loop.Run).Should().BeLessThan(Runs * MemoryLoop.FaultsPerRun(fault));
        }
    }

    [Fact]
    public void Vcpu_that_is_put_loaded_and_looked_at_allocates_nothing()
    {
        foreach (Func<Core, IExecutionEngine> engine in Engines)
        {
            using var loop = new VcpuLoop(engine, usesFpu: true, usesTimer: true);
            Allocated(() => { }, Repeat(loop.PutAndRun)).Should().BeLessThan(Runs * ExitLoop.ExitsPerRun);
            Allocated(() => { }, Repeat(() => loop.GetOneReg())).Should().BeLessThan(Runs * ExitLoop.ExitsPerRun);
            Allocated(() => { }, Repeat(loop.SetOneReg)).Should().BeLessThan(Runs * ExitLoop.ExitsPerRun);
            Allocated(() => { }, Repeat(loop.FlushRemoteTlbs)).Should().BeLessThan(Runs * ExitLoop.ExitsPerRun);
        }
    }

    private static Action Repeat(Action action) => () =>
    {
        for (int i = 0; i < ExitLoop.ExitsPerRun; i++)
        {
            action();
        }
    };

    /// <summary>Bytes that this thread allocates in some runs, what prepares them left out.</summary>
    private static long Allocated(Action prepare, Action run)
    {
        long bytes = 0;
        for (int i = -1; i < Runs; i++)
        {
            prepare();
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            bytes += i < 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        }

        return bytes;
    }

    private static IExecutionEngine Interpreter(Core core) => new InterpreterEngine(core);
}
