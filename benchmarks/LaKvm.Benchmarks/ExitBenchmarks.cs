using BenchmarkDotNet.Attributes;
using LaKvm.Hypervisor.Tests;

namespace LaKvm.Benchmarks;

/// <summary>An exit's round trip: out of the guest, emulated in the hypervisor or by user space, and back.</summary>
[MemoryDiagnoser]
public class ExitBenchmarks
{
    private ExitLoop _loop = null!;

    /// <summary>Which engine executes the guest.</summary>
    [Params(Engines.Translator, Engines.Interpreter)]
    public string Engine { get; set; } = "";

    /// <summary>What for.</summary>
    [ParamsAllValues]
    public LoopExit Exit { get; set; }

    /// <summary>Starts the guest.</summary>
    [GlobalSetup]
    public void Start() => _loop = new ExitLoop(Exit, core => Engines.Create(Engine, core));

    /// <summary>Exits.</summary>
    [Benchmark(OperationsPerInvoke = ExitLoop.ExitsPerRun)]
    public void RoundTrip() => _loop.Run();

    /// <summary>Ends the guest.</summary>
    [GlobalCleanup]
    public void Stop() => _loop.Dispose();
}
