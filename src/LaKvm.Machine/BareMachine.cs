using LaKvm.Boot;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Running;

namespace LaKvm.Machine;

/// <summary>The bare machine with its cores, from the first instruction to power-off or reset.</summary>
public sealed unsafe class BareMachine : ICoreInterrupts, IDisposable
{
    private readonly Core[] _cores;
    private readonly IExecutionEngine[] _engines;
    private readonly MachineLife _life = new();
    private readonly MachineSources _sources;

    /// <summary>Builds the machine with all cores in reset.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="sources">Its time and chance.</param>
    /// <param name="engine">Makes the engine of a core.</param>
    public BareMachine(BoardMachineOptions options, MachineSources sources, Func<Core, IExecutionEngine> engine)
    {
        _sources = sources;
        _cores = new Core[options.Cores];
        Board = new BoardMachine(options, sources, this, _life);
        for (int id = 0; id < _cores.Length; id++)
        {
            _cores[id] = new Core(id, Board.Memory, Board, sources.Clock) { Errors = options.GuestErrors };
        }

        _engines = [.. _cores.Select(engine)];
    }

    /// <summary>Everything around the cores.</summary>
    public BoardMachine Board { get; }

    /// <summary>The cores, by number; while the machine is paused they may be looked at and changed.</summary>
    public IReadOnlyList<Core> Cores => _cores;

    /// <summary>What may be asked of the machine.</summary>
    public IMachineLife Life => _life;

    /// <summary>
    /// Runs all cores until the machine is switched off, resets, or is stopped; then none runs any more.
    /// </summary>
    /// <param name="start">Where the boot core begins, and perhaps all; else software calls the others.</param>
    /// <param name="stop">Stops the run.</param>
    public MachineEnd Run(BootRegisters start, CancellationToken stop)
    {
        foreach (Core core in _cores.Where(core => core.Id == 0 || start.AllCores))
        {
            Boot(core, start);
        }

        var share = new HostShare(Environment.ProcessorCount);
        return _life.Run([.. _cores.Select(core => MakeCpu(core, share, start.AllCores))], Pausable(), stop);
    }

    /// <inheritdoc/>
    public void SetLine(int core, int estatBit, bool level) => _cores[core].SetInterruptLine(estatBit, level);

    /// <summary>Frees cores, devices and RAM; the machine must not be running.</summary>
    public void Dispose()
    {
        foreach (Core core in _cores)
        {
            (_engines[core.Id] as IDisposable)?.Dispose();
            core.Dispose();
        }

        Board.Dispose();
    }

    private static void Boot(Core core, BootRegisters start)
    {
        core.Reset(start.Pc);
        CpuState.WriteGpr(core.State, 4, start.A0);
        CpuState.WriteGpr(core.State, 5, start.A1);
        CpuState.WriteGpr(core.State, 6, start.A2);
    }

    private BareCpu MakeCpu(Core core, HostShare share, bool begins)
    {
        CoreParking? parking = core.Id == 0 || begins ? null : new CoreParking(core, Board);
        return new BareCpu(core, _engines[core.Id], share, parking, hasOthers: _cores.Length > 1);
    }

    /// <summary>The clock stands still before the devices do, and as long as they do.</summary>
    private IReadOnlyList<IPausable> Pausable() => [.. _sources.Pausable, .. Board.Devices.Pausable];
}
