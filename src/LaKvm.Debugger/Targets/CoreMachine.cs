using LaKvm.Cpu;
using LaKvm.Debugger.Logging;
using LaKvm.Debugger.Monitor;
using LaKvm.Diagnostics;
using LaKvm.Running;

namespace LaKvm.Debugger;

/// <summary>A bare machine: its cores, and the guest (LVZ) of whatever hypervisor runs on them.</summary>
public sealed unsafe class CoreMachine : IDebugMachine
{
    private readonly IReadOnlyList<Core> _cores;
    private readonly Mode _root, _guest;

    /// <summary>Looks at a machine.</summary>
    public CoreMachine(IReadOnlyList<Core> cores, IMachineLife life, ISymbols? symbols)
    {
        _cores = cores;
        Life = life;
        Symbols = symbols;
        _root = new Mode("machine", false, [.. cores.Select(core => new CoreThread(core, inGuest: false))],
            [CsrGroup.All, CsrGroup.GuestFile]);
        _guest = new Mode("guest", true, [.. cores.Select(core => new CoreThread(core, inGuest: true))],
            [CsrGroup.OfGuest]);
    }

    /// <inheritdoc/>
    public IMachineLife Life { get; }

    /// <inheritdoc/>
    public ISymbols? Symbols { get; }

    /// <inheritdoc/>
    public MachineDumps Dumps { get; init; } = new();

    /// <inheritdoc/>
    public EventLog? Log { get; init; }

    /// <inheritdoc/>
    public IMachineBoard? Board { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<IDebugProcess> Processes => [_root, _guest];

    /// <inheritdoc/>
    public void SetStopPoints(ReadOnlySpan<StopPoint> points)
    {
        foreach (Core core in _cores)
        {
            core.Debug.SetStopPoints(points);
        }
    }

    /// <inheritdoc/>
    public void HoldInterrupts(int cpu, bool hold) => _cores[cpu].Debug.HoldInterrupts(hold, hold);

    /// <inheritdoc/>
    public IDebugProcess ProcessOf(int cpu) => _cores[cpu].State->Vm != 0 ? _guest : _root;

    private sealed record Mode(
        string Name, bool IsGuest, IReadOnlyList<IDebugThread> Threads, IReadOnlyList<CsrGroup> Csrs) : IDebugProcess;
}
