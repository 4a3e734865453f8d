using BenchmarkDotNet.Attributes;
using LaKvm.Hypervisor.Tests;

namespace LaKvm.Benchmarks;

/// <summary>
/// What is done to a vCPU between two exits. The three kinds of loading are to be compared with the plain run, which
/// they contain.
/// </summary>
[MemoryDiagnoser]
public class VcpuBenchmarks
{
    private VcpuLoop _loop = null!;
    private VcpuLoop _fpu = null!;
    private VcpuLoop _timer = null!;

    /// <summary>Which engine executes the guest.</summary>
    [Params(Engines.Translator)]
    public string Engine { get; set; } = "";

    /// <summary>Starts the guests.</summary>
    [GlobalSetup]
    public void Start()
    {
        _loop = new VcpuLoop(core => Engines.Create(Engine, core));
        _fpu = new VcpuLoop(core => Engines.Create(Engine, core), usesFpu: true);
        _timer = new VcpuLoop(core => Engines.Create(Engine, core), usesTimer: true);
    }

    /// <summary>As <see cref="Start"/>, with another vCPU in its guest.</summary>
    [GlobalSetup(Target = nameof(RemoteFlushOfRunningVcpu))]
    public void StartWithSpinner()
    {
        Start();
        _loop.StartSpinner();
    }

    /// <summary>A store to a device of user space, with the registers resident in the core.</summary>
    [Benchmark(Baseline = true)]
    public void Run() => _loop.Run();

    /// <summary>vcpu_put and vcpu_load.</summary>
    [Benchmark]
    public void PutLoadRun() => _loop.PutAndRun();

    /// <summary>The same with floating-point registers, which the guest's first use loads.</summary>
    [Benchmark]
    public void PutLoadRunWithFpu() => _fpu.PutAndRun();

    /// <summary>The same with a running timer.</summary>
    [Benchmark]
    public void PutLoadRunWithTimer() => _timer.PutAndRun();

    /// <summary>KVM_GET_ONE_REG.</summary>
    [Benchmark]
    public ulong GetOneReg() => _loop.GetOneReg();

    /// <summary>KVM_SET_ONE_REG.</summary>
    [Benchmark]
    public void SetOneReg() => _loop.SetOneReg();

    /// <summary>A flush of all vCPUs' TLBs while none runs.</summary>
    [Benchmark]
    public void RemoteFlush() => _loop.FlushRemoteTlbs();

    /// <summary>A flush that has to interrupt a vCPU and wait for it.</summary>
    [Benchmark]
    public void RemoteFlushOfRunningVcpu() => _loop.FlushRemoteTlbs();

    /// <summary>Ends the guests.</summary>
    [GlobalCleanup]
    public void Stop()
    {
        _loop.Dispose();
        _fpu.Dispose();
        _timer.Dispose();
    }
}
