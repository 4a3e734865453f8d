using LaKvm.Cpu;
using LaKvm.Debugger.Logging;
using LaKvm.Debugger.Monitor;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Running;
using LaKvm.Vmm;

namespace LaKvm.Debugger;

/// <summary>
/// A virtual machine: its vCPUs, whose breakpoints are guest mode's on the cores that execute them.
/// </summary>
public sealed class VcpuMachine : IDebugMachine
{
    private readonly HostMachine _host;
    private readonly Guest _guest;

    /// <summary>Looks at a machine that runs on a host.</summary>
    public VcpuMachine(HostMachine host, VirtualMachine machine, ISymbols? symbols)
    {
        _host = host;
        _guest = new Guest([.. machine.Vcpus.Select((vcpu, id) => new VcpuThread(vcpu, id, machine))]);
        Life = machine.Life;
        Dumps = new MachineDumps
        {
            MemoryMap = machine.DescribeMemory,
            MemorySlots = machine.Vm.DescribeSlots,
            Interrupts = machine.DescribeInterrupts,
        };
        Symbols = symbols;
    }

    /// <inheritdoc/>
    public IMachineLife Life { get; }

    /// <inheritdoc/>
    public ISymbols? Symbols { get; }

    /// <inheritdoc/>
    public MachineDumps Dumps { get; }

    /// <inheritdoc/>
    public EventLog? Log { get; init; }

    /// <inheritdoc/>
    public IMachineBoard? Board { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<IDebugProcess> Processes => [_guest];

    /// <inheritdoc/>
    public void SetStopPoints(ReadOnlySpan<StopPoint> points)
    {
        foreach (Core core in _host.Cores)
        {
            core.Debug.SetStopPoints(points);
        }
    }

    /// <inheritdoc/>
    public void HoldInterrupts(int cpu, bool hold)
    {
        // Any core may execute the vCPU, and the others rest.
        foreach (Core core in _host.Cores)
        {
            core.Debug.HoldInterrupts(root: false, guest: hold);
        }
    }

    /// <inheritdoc/>
    public IDebugProcess ProcessOf(int cpu) => _guest;

    private sealed record Guest(IReadOnlyList<IDebugThread> Threads) : IDebugProcess
    {
        public string Name => "guest";

        public bool IsGuest => true;

        public IReadOnlyList<CsrGroup> Csrs => [CsrGroup.OfGuest];
    }
}
