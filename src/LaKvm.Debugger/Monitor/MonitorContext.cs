using LaKvm.Cpu;

namespace LaKvm.Debugger.Monitor;

/// <summary>What a command of the monitor is about.</summary>
/// <param name="Machine">The machine.</param>
/// <param name="Thread">The core that is looked at, if one is.</param>
/// <param name="Process">Its process.</param>
public sealed record MonitorContext(IDebugMachine Machine, IDebugThread? Thread, IDebugProcess? Process)
{
    /// <summary>The breakpoints and watchpoints that are set.</summary>
    public IReadOnlyList<StopPoint> StopPoints { get; init; } = [];

    /// <summary>A core in the mode that it is in; the machine must rest.</summary>
    internal static MonitorContext Of(IDebugMachine machine, int cpu)
    {
        bool exists = (uint)cpu < (uint)machine.Processes[0].Threads.Count;
        IDebugProcess process = exists ? machine.ProcessOf(cpu) : machine.Processes[0];
        return new MonitorContext(machine, exists ? process.Threads[cpu] : null, process);
    }
}

/// <summary>A mistake of the person who types commands; the message says what is wrong.</summary>
internal sealed class MonitorException(string message) : Exception(message);
