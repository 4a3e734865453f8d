using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// No way out of a guest and back allocates. The runtime's own work on the thread may (making code for a method, say),
/// but not in every run.
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
            Allocated(() => { }, loop.Run).Should().Be(0);
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_allocates_nothing(LoopFault fault)
    {
        foreach (Func<Core, IExecutionEngine> engine in Engines)
        {
            using var loop = new MemoryLoop(fault, engine);
            Allocated(loop.Prepare, loop.Run).Should().Be(0);
        }
    }

    [Fact]
    public void Vcpu_that_is_put_loaded_and_looked_at_allocates_nothing()
    {
        foreach (Func<Core, IExecutionEngine> engine in Engines)
        {
            using var loop = new VcpuLoop(engine, usesFpu: true, usesTimer: true);
            Allocated(() => { }, Repeat(loop.PutAndRun)).Should().Be(0);
            Allocated(() => { }, Repeat(() => loop.GetOneReg())).Should().Be(0);
            Allocated(() => { }, Repeat(loop.SetOneReg)).Should().Be(0);
            Allocated(() => { }, Repeat(loop.FlushRemoteTlbs)).Should().Be(0);
        }
    }

    private static Action Repeat(Action action) => () =>
    {
        for (int i = 0; i < ExitLoop.ExitsPerRun; i++)
        {
            action();
        }
    };

    /// <summary>The fewest bytes that this thread allocates in one of some runs, what prepares it left out.</summary>
    private static long Allocated(Action prepare, Action run)
    {
        long fewest = long.MaxValue;
        for (int i = 0; i < Runs; i++)
        {
            prepare();
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return fewest;
    }

    private static IExecutionEngine Interpreter(Core core) => new InterpreterEngine(core);
}
