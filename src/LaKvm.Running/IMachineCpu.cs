namespace LaKvm.Running;

/// <summary>A core or vCPU as <see cref="MachineLife"/> runs it, on a thread of its own.</summary>
public interface IMachineCpu
{
    /// <summary>Name of its thread.</summary>
    string Name { get; }

    /// <summary>
    /// Executes until the turn must end; then its registers are as between two instructions, with nothing half done.
    /// </summary>
    /// <returns>Why the whole machine has to pause, or null.</returns>
    CpuStop? Run(CpuTurn turn);

    /// <summary>
    /// Makes <see cref="Run"/> look soon whether the turn must end, whatever it waits for. Any thread.
    /// </summary>
    void Interrupt();
}

/// <summary>What a core may execute.</summary>
public sealed class CpuTurn
{
    private volatile bool _mustEnd;

    /// <summary>Whether to come to rest.</summary>
    public bool MustEnd
    {
        get => _mustEnd;
        internal set => _mustEnd = value;
    }

    /// <summary>Instructions at most; <see cref="long.MaxValue"/> without limit.</summary>
    public long Instructions { get; internal set; } = long.MaxValue;
}
