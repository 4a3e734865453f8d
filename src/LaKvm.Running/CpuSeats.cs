namespace LaKvm.Running;

/// <summary>The places of a machine's cores. Any thread.</summary>
/// <param name="gate">The machine's lock, which guards them.</param>
internal sealed class CpuSeats(object gate)
{
    private CpuSeat[] _seats = [];

    /// <summary>Whether no core executes anything.</summary>
    internal bool Rest
    {
        get
        {
            lock (gate)
            {
                return _seats.All(seat => seat.Rests);
            }
        }
    }

    /// <summary>Which cores have stopped the machine, and why.</summary>
    internal CpuStop[] Stops
    {
        get
        {
            lock (gate)
            {
                return [.. _seats.Where(seat => seat.Stop != null).Select(seat => seat.Stop!)];
            }
        }
    }

    /// <summary>Whether there is a core of this number.</summary>
    internal bool Contains(int cpu) => (uint)cpu < (uint)_seats.Length;

    /// <summary>Gives the cores their places; they rest.</summary>
    internal void Fill(IEnumerable<IMachineCpu> cpus) => _seats = [.. cpus.Select(cpu => new CpuSeat(cpu, gate))];

    /// <summary>Starts the cores' threads.</summary>
    internal Thread[] Start(Action<CpuSeat> body)
    {
        Thread[] threads = [.. _seats.Select(seat => new Thread(() => body(seat))
        {
            Name = seat.Cpu.Name,
            IsBackground = true,
        })];
        Array.ForEach(threads, thread => thread.Start());
        return threads;
    }

    /// <summary>Asks all to come to rest.</summary>
    internal void Call() => ForEach(seat => seat.Call());

    /// <summary>All threads are to end.</summary>
    internal void End() => ForEach(seat => seat.End());

    /// <summary>Lets all execute that have not stopped the machine.</summary>
    internal void Go() => ForEach(seat =>
    {
        if (seat.Stop == null)
        {
            seat.Go();
        }
    });

    /// <summary>Lets one execute some instructions.</summary>
    internal void Step(int cpu, long instructions)
    {
        lock (gate)
        {
            _seats[cpu].Go(instructions);
        }
    }

    /// <summary>Reasons that the machine has paused for are done with; so is the end of a step in any case.</summary>
    internal void ForgetStops(bool all) => ForEach(seat =>
    {
        if (all || seat.Stop?.Kind == CpuStopKind.InstructionCount)
        {
            seat.Stop = null;
        }
    });

    private void ForEach(Action<CpuSeat> action)
    {
        lock (gate)
        {
            Array.ForEach(_seats, action);
        }
    }
}
