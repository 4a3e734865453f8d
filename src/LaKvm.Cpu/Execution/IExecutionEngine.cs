namespace LaKvm.Cpu;

/// <summary>Why an engine's run call returned.</summary>
public enum RunExit
{
    /// <summary>The instruction budget is used up.</summary>
    Budget,

    /// <summary>Software set a timer: the caller decides anew how long to run until it fires.</summary>
    TimerSet,

    /// <summary>A stop was requested of the core (<see cref="Core.RequestStop"/>).</summary>
    Stopped,

    /// <summary>
    /// Guest mode, or user code, was left and root mode is owned by the caller: the exit's state is in the host CSRs,
    /// as hardware shows it to a hypervisor's exception entry.
    /// </summary>
    GuestExit,

    /// <summary>
    /// The core executes idle and nothing is pending; the caller waits (<see cref="Core.WaitForInterrupt"/>).
    /// </summary>
    Idle,

    /// <summary>The instruction at the PC, which is the next one, has a breakpoint (<see cref="CoreDebug"/>).</summary>
    Breakpoint,

    /// <summary>
    /// The instruction at the PC, which is the next one, is going to access what is watched
    /// (<see cref="CoreDebug.Watched"/>).
    /// </summary>
    Watchpoint,
}

/// <summary>Executes instructions of one core. One instance belongs to one core and one thread at a time.</summary>
public interface IExecutionEngine
{
    /// <summary>
    /// Runs until <paramref name="budget"/> instructions are executed or something else ends the run; the state is
    /// exact at return. An instruction that raises an exception counts as one, and so does a fetch that fails, so that
    /// no run is endless.
    /// </summary>
    RunExit Run(long budget);

    /// <summary>
    /// Whether <see cref="CpuState.Retired"/> is exact while an instruction accesses a device or the TLB; if not, it is
    /// at the end of each run.
    /// </summary>
    bool CountsAtOnce => true;
}
