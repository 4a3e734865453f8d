using System.Runtime.ExceptionServices;
using LaKvm.Boot;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine;

/// <summary>How a machine's run ended.</summary>
public enum MachineEnd
{
    /// <summary>Software switched the machine off.</summary>
    PowerOff = 1,

    /// <summary>Software asked for a reset.</summary>
    Reset,

    /// <summary>The run was cancelled from outside.</summary>
    Stopped,
}

/// <summary>
/// The bare machine with its cores: one thread per core, from the first instruction to power-off or reset. It runs
/// once; after a reset a new one is made.
/// </summary>
public sealed unsafe class BareMachine : ICoreInterrupts, IMachineControl, IDisposable
{
    private readonly Core[] _cores;
    private readonly IExecutionEngine[] _engines;
    private readonly HostShare _share = new(Environment.ProcessorCount);
    private ExceptionDispatchInfo? _failure;
    private int _end;

    /// <summary>Builds the machine with all cores in reset.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="clock">The stable counter.</param>
    /// <param name="engine">Makes the engine of a core.</param>
    public BareMachine(BoardMachineOptions options, IClock clock, Func<Core, IExecutionEngine> engine)
    {
        _cores = new Core[options.Cores];
        Board = new BoardMachine(options, clock, this, this);
        for (int id = 0; id < _cores.Length; id++)
        {
            _cores[id] = new Core(id, Board.Memory, Board, clock) { Errors = options.GuestErrors };
        }

        _engines = [.. _cores.Select(engine)];
    }

    /// <summary>Everything around the cores.</summary>
    public BoardMachine Board { get; }

    /// <summary>The cores, by number.</summary>
    public IReadOnlyList<Core> Cores => _cores;

    private bool Running => Volatile.Read(ref _end) == 0;

    /// <summary>
    /// Runs all cores until the machine is switched off, resets, or is stopped; then none runs any more.
    /// </summary>
    /// <param name="start">Where the boot core begins; the others are parked until software calls them.</param>
    /// <param name="stop">Stops the run.</param>
    public MachineEnd Run(BootRegisters start, CancellationToken stop)
    {
        using CancellationTokenRegistration registration = stop.Register(() => End(MachineEnd.Stopped));
        Thread[] others = [.. _cores.Skip(1).Select(StartSecondary)];
        Protect(_cores[0], core =>
        {
            Boot(core, start);
            RunCore(core);
        });
        foreach (Thread thread in others)
        {
            thread.Join();
        }

        _failure?.Throw();
        return (MachineEnd)_end;
    }

    /// <inheritdoc/>
    public void SetLine(int core, int estatBit, bool level) => _cores[core].SetInterruptLine(estatBit, level);

    /// <inheritdoc/>
    public void PowerOff() => End(MachineEnd.PowerOff);

    /// <inheritdoc/>
    public void Reboot() => End(MachineEnd.Reset);

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

    private Thread StartSecondary(Core core)
    {
        var thread = new Thread(() => Protect(core, Secondary)) { Name = $"core {core.Id}", IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Secondary(Core core)
    {
        Park(core);
        RunCore(core);
    }

    /// <summary>
    /// What a secondary core's firmware does: sleeps until an inter-processor interrupt finds an address in mailbox 0,
    /// then begins there in direct-address mode. The address stays as it was mailed: kernels mail addresses in windows,
    /// and count on relative jumps staying there when they switch translation on.
    /// </summary>
    private void Park(Core core)
    {
        Board.WriteIocsr(core.Id, Ipi.Base + Ipi.Enable, sizeof(uint), uint.MaxValue);
        core.ExchangeCsr(Csr.Ecfg, 1UL << CoreLine.Ipi, 1UL << CoreLine.Ipi);
        while (Running)
        {
            core.WaitForInterrupt();
            Board.WriteIocsr(core.Id, Ipi.Base + Ipi.Clear, sizeof(uint), uint.MaxValue);
            ulong entry = Board.ReadIocsr(core.Id, Ipi.Base + Ipi.Mailbox, sizeof(ulong));
            if (entry != 0)
            {
                core.Reset(entry);
                return;
            }
        }
    }

    private void RunCore(Core core)
    {
        IExecutionEngine engine = _engines[core.Id];
        var slice = new RunSlice(core);
        var idle = new IdleWait(core, _share);
        var spin = new SpinWatch(core);
        _share.Enter();
        while (Running)
        {
            RunExit exit = engine.Run(slice.Next());
            if (exit == RunExit.Idle)
            {
                idle.Wait();
                continue;
            }

            core.PollTimers();
            if (exit == RunExit.Budget && _cores.Length > 1 && spin.IsWaiting())
            {
                core.Pause(SpinWatch.Pause);
            }
        }
    }

    /// <summary>
    /// A .NET exception on a core's thread is a bug; it ends the machine and surfaces from <see cref="Run"/>.
    /// </summary>
    private void Protect(Core core, Action<Core> body)
    {
        try
        {
            GuestErrorLog.Enter(core);
            body(core);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            End(MachineEnd.Stopped);
        }
        finally
        {
            GuestErrorLog.Enter(null);
        }
    }

    /// <summary>Stops all cores; the first reason counts.</summary>
    private void End(MachineEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, 0) == 0)
        {
            foreach (Core core in _cores)
            {
                core.RequestStop();
            }
        }
    }
}
