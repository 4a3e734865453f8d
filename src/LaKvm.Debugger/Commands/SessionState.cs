using LaKvm.Cpu;

namespace LaKvm.Debugger;

/// <summary>What a debugger has been told and has asked for, between its packets.</summary>
internal sealed class SessionState
{
    private readonly List<StopPointEntry> _points = [];
    private RegisterLayout[] _layouts = [];

    /// <summary>The machine; null while none is there, between a reset and what comes behind it.</summary>
    internal IDebugMachine? Machine { get; private set; }

    /// <summary>Whether it knows processes.</summary>
    internal bool Multiprocess { get; set; }

    /// <summary>Whether it wants to know what kind of breakpoint has stopped a thread.</summary>
    internal bool KnowsBreakpointKinds { get; set; }

    /// <summary>Whether addresses of memory packets are physical.</summary>
    internal bool PhysicalMemory { get; set; }

    /// <summary>Numbers of the processes that it is attached to, from 1.</summary>
    internal SortedSet<int> Attached { get; } = [1];

    /// <summary>Numbers of process and thread that other packets are about.</summary>
    internal ThreadName General { get; set; } = new(1, 1);

    /// <summary>The thread that other packets are about; null if there is none.</summary>
    internal IDebugThread? Thread => FindThread(General);

    /// <summary>The number of the process that other packets are about.</summary>
    internal int Process => General.Process > 0 ? General.Process : Attached.FirstOrDefault(1);

    /// <summary>Registers of the general thread's process.</summary>
    internal RegisterLayout? Layout => Process <= _layouts.Length ? _layouts[Process - 1] : null;

    /// <summary>The breakpoints and watchpoints.</summary>
    internal IReadOnlyList<StopPointEntry> Points => _points;

    /// <summary>Takes over the machine that there now is.</summary>
    internal void Adopt(IDebugMachine? machine)
    {
        Machine = machine;
        _layouts = machine == null ? [] : [.. machine.Processes.Select(process => new RegisterLayout(process))];
    }

    /// <summary>The process of a number, or null.</summary>
    internal IDebugProcess? FindProcess(int process) =>
        Machine is { } machine && process >= 1 && process <= machine.Processes.Count
            ? machine.Processes[process - 1]
            : null;

    /// <summary>The thread that a name means, the first one if it means several; null if there is none.</summary>
    internal IDebugThread? FindThread(ThreadName name)
    {
        int number = name.Process > 0 ? name.Process : Process;
        int thread = Math.Max(name.Thread, 1);
        return FindProcess(number) is { } process && thread <= process.Threads.Count && Attached.Contains(number)
            ? process.Threads[thread - 1]
            : null;
    }

    /// <summary>All threads of the attached processes.</summary>
    internal IEnumerable<(int Process, IDebugThread Thread)> Threads() =>
        from process in Attached
        from thread in FindProcess(process)?.Threads ?? []
        select (process, thread);

    /// <summary>Writes a thread's name as this debugger understands it.</summary>
    internal string NameOf(int process, int cpu) => Multiprocess ? $"p{process:x}.{cpu + 1:x}" : $"{cpu + 1:x}";

    /// <summary>The number of the process that a core executes, of those that are attached.</summary>
    internal int ProcessOf(int cpu)
    {
        IDebugProcess current = Machine!.ProcessOf(cpu);
        int number = 1 + Machine.Processes.TakeWhile(process => process != current).Count();
        return Attached.Contains(number) ? number : Attached.FirstOrDefault(1);
    }

    /// <summary>Adds a breakpoint or watchpoint; one that is there already stays.</summary>
    internal void Add(StopPointEntry entry)
    {
        if (!_points.Contains(entry))
        {
            _points.Add(entry);
        }
    }

    /// <summary>Takes one away.</summary>
    internal void Remove(StopPointEntry entry) => _points.Remove(entry);

    /// <summary>Takes those of a process away.</summary>
    internal void RemovePointsOf(int process) => _points.RemoveAll(entry => entry.Process == process);

    /// <summary>Has the machine stop at the breakpoints and watchpoints.</summary>
    internal void ApplyPoints() => Machine?.SetStopPoints([.. _points.Select(entry => entry.Point).Distinct()]);
}

/// <summary>A breakpoint or watchpoint as a debugger has asked for it.</summary>
/// <param name="Process">Process that it is in.</param>
/// <param name="Type">Number in Z packets: 0 software, 1 hardware, 2 write, 3 read, 4 access.</param>
/// <param name="Point">Where it is.</param>
internal sealed record StopPointEntry(int Process, int Type, StopPoint Point);
