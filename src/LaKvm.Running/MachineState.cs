namespace LaKvm.Running;

/// <summary>Where a machine is in its life.</summary>
public enum MachineState
{
    /// <summary>It is built and loaded; nobody runs it yet.</summary>
    Created,

    /// <summary>Cores execute, or one of them a step.</summary>
    Running,

    /// <summary>
    /// No core executes, no device works, and no time passes. Whoever has asked for that may look at everything and
    /// change it.
    /// </summary>
    Paused,

    /// <summary>It is over, for good.</summary>
    Ended,
}

/// <summary>How a machine's run ended.</summary>
public enum MachineEnd
{
    /// <summary>Software switched the machine off.</summary>
    PowerOff = 1,

    /// <summary>Software, or somebody outside, asked for a reset: whoever runs the machine makes a new one.</summary>
    Reset,

    /// <summary>The run was ended from outside.</summary>
    Stopped,
}

/// <summary>Why a core has paused its machine.</summary>
public enum CpuStopKind
{
    /// <summary>It has executed the instructions of a step.</summary>
    InstructionCount,

    /// <summary>It has come to a breakpoint, and not executed what is there.</summary>
    Breakpoint,

    /// <summary>It is going to access what is watched.</summary>
    Watchpoint,
}

/// <summary>A core's reason to pause its machine.</summary>
/// <param name="Cpu">Which core.</param>
/// <param name="Kind">The reason.</param>
/// <param name="Address">Where the breakpoint is, or what is going to be accessed; 0 behind a step.</param>
public sealed record CpuStop(int Cpu, CpuStopKind Kind, ulong Address = 0);
