using LaKvm.Cpu;
using LaKvm.Hypervisor.Tests;

namespace LaKvm.Benchmarks;

/// <summary>
/// What the hypervisor does, by names: exits, faults, and what is done to a vCPU between two of them. Its types are the
/// runtime's, so that <see cref="PairedTimes"/> can use the cases of another build.
/// </summary>
internal static class BenchmarkCases
{
    private const int Repeat = 1000;

    /// <summary>The names.</summary>
    internal static string[] Names() =>
    [
        .. Enum.GetNames<LoopExit>(), .. Enum.GetNames<LoopFault>(),
        nameof(VcpuLoop.Run), nameof(VcpuLoop.PutAndRun), "PutAndRunWithFpu", "PutAndRunWithTimer",
        nameof(VcpuLoop.GetOneReg), nameof(VcpuLoop.SetOneReg), nameof(VcpuLoop.FlushRemoteTlbs),
    ];

    /// <summary>
    /// Starts the guest of a case. What comes back is to be called in turns: the first outside the measured time.
    /// </summary>
    /// <param name="engine">One of <see cref="Engines"/>.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>Two actions, how often the second does it, and what ends the guest.</returns>
    internal static (Action Prepare, Action Run, int Operations, IDisposable Guest) Open(string engine, string name)
    {
        Func<Core, IExecutionEngine> create = core => Engines.Create(engine, core);
        if (Enum.TryParse(name, out LoopExit exit))
        {
            var loop = new ExitLoop(exit, create);
            return (() => { }, loop.Run, ExitLoop.ExitsPerRun, loop);
        }

        if (Enum.TryParse(name, out LoopFault fault))
        {
            var loop = new MemoryLoop(fault, create);
            return (loop.Prepare, loop.Run, MemoryLoop.FaultsPerRun(fault), loop);
        }

        var vcpu = new VcpuLoop(create, usesFpu: name.EndsWith("Fpu"), usesTimer: name.EndsWith("Timer"));
        return (() => { }, Repeated(ActionOf(vcpu, name)), Repeat, vcpu);
    }

    private static Action ActionOf(VcpuLoop vcpu, string name) => name switch
    {
        nameof(VcpuLoop.Run) => vcpu.Run,
        nameof(VcpuLoop.GetOneReg) => () => vcpu.GetOneReg(),
        nameof(VcpuLoop.SetOneReg) => vcpu.SetOneReg,
        nameof(VcpuLoop.FlushRemoteTlbs) => vcpu.FlushRemoteTlbs,
        _ => vcpu.PutAndRun,
    };

    private static Action Repeated(Action action) => () =>
    {
        for (int i = 0; i < Repeat; i++)
        {
            action();
        }
    };
}
