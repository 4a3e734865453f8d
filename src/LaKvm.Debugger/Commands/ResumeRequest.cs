namespace LaKvm.Debugger;

/// <summary>How the machine is to go on: all cores, or one of them while the others rest.</summary>
/// <param name="Process">Process of the thread that goes on alone; 0: all cores run.</param>
/// <param name="Cpu">Its core.</param>
/// <param name="Runs">Whether it runs until something stops it; else it steps.</param>
/// <param name="Start">First address of the range that it steps through.</param>
/// <param name="End">Address behind the range; a step is one instruction where there is none.</param>
internal readonly record struct ResumeRequest(int Process, int Cpu, bool Runs, ulong Start = 0, ulong End = 0)
{
    /// <summary>All cores run.</summary>
    internal static ResumeRequest All => default;

    /// <summary>Whether one core goes on alone.</summary>
    internal bool IsAlone => Process != 0;

    /// <summary>
    /// Reads the actions of vCont: for each thread the first that names it counts, and threads without one rest. A step
    /// is one core's while the others rest, whatever is said of them. gdb steps LoongArch by breakpoints behind the
    /// instruction, and over breakpoints by letting one thread go on alone.
    /// </summary>
    internal static bool TryParse(SessionState state, string actions, out ResumeRequest request)
    {
        request = All;
        var running = new List<(int Process, int Cpu)>();
        foreach (string action in actions.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = action.IndexOf(':');
            bool isForAll = colon < 0;
            ThreadName name = new(0, ThreadName.All);
            if ((!isForAll && !ThreadName.TryParse(action.AsSpan(colon + 1), state.Process, out name))
                || !IsVerb(isForAll ? action : action[..colon], out ulong start, out ulong end))
            {
                return false;
            }

            switch (action[0])
            {
                case 's' or 'S' or 'r':
                    ThreadName stepping = name.Thread == ThreadName.All ? state.General : name;
                    request = new(ProcessOf(stepping, state), state.FindThread(stepping)?.Cpu ?? -1, false, start, end);
                    return request.Cpu >= 0;
                case 'c' or 'C':
                    running.AddRange(from thread in state.Threads()
                                     where name.Matches(thread.Process, thread.Thread.Cpu + 1)
                                     select (thread.Process, thread.Thread.Cpu));
                    break;
            }
        }

        int cores = running.DistinctBy(thread => thread.Cpu).Count();
        bool isOne = cores == 1 && state.Threads().Any(thread => thread.Thread.Cpu != running[0].Cpu);
        request = isOne ? new(running[0].Process, running[0].Cpu, true) : All;
        return cores != 0;
    }

    private static int ProcessOf(ThreadName name, SessionState state) =>
        name.Process > 0 ? name.Process : state.Process;

    private static bool IsVerb(string verb, out ulong start, out ulong end)
    {
        (start, end) = (0, 0);
        if (verb.Length == 0)
        {
            return false;
        }

        int comma = verb.IndexOf(',');
        return verb[0] switch
        {
            'c' or 's' or 't' => verb.Length == 1,
            'C' or 'S' => Hex.TryNumber(verb.AsSpan(1), out _),
            'r' => comma > 0 && Hex.TryNumber(verb.AsSpan(1, comma - 1), out start)
                && Hex.TryNumber(verb.AsSpan(comma + 1), out end),
            _ => false,
        };
    }
}
