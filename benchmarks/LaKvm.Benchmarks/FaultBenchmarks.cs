using BenchmarkDotNet.Attributes;
using LaKvm.Hypervisor.Tests;

namespace LaKvm.Benchmarks;

/// <summary>
/// Second-stage faults: the guest writes to each page of a slot once. Times and bytes are those of one run of so many
/// pages as <see cref="MemoryLoop.FaultsPerRun"/> says: 512, and 16 huge ones.
/// </summary>
[MemoryDiagnoser]
[InvocationCount(1, 1)]
public class FaultBenchmarks
{
    private MemoryLoop _loop = null!;

    /// <summary>Which engine executes the guest.</summary>
    [Params(Engines.Translator, Engines.Interpreter)]
    public string Engine { get; set; } = "";

    /// <summary>What for.</summary>
    [ParamsAllValues]
    public LoopFault Fault { get; set; }

    /// <summary>Starts the guest.</summary>
    [GlobalSetup]
    public void Start() => _loop = new MemoryLoop(Fault, core => Engines.Create(Engine, core));

    /// <summary>Takes the pages away.</summary>
    [IterationSetup]
    public void Prepare() => _loop.Prepare();

    /// <summary>Faults.</summary>
    [Benchmark]
    public void TouchEveryPage() => _loop.Run();

    /// <summary>Ends the guest.</summary>
    [GlobalCleanup]
    public void Stop() => _loop.Dispose();
}
