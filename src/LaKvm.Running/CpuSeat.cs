namespace LaKvm.Running;

/// <summary>
/// A core's place in the run loop: its thread, and what it may execute. Guarded by the machine's lock.
/// </summary>
/// <param name="cpu">The core.</param>
/// <param name="gate">The machine's lock, pulsed when a core comes to rest or may go on.</param>
internal sealed class CpuSeat(IMachineCpu cpu, object gate)
{
    private const long NoLimit = long.MaxValue;

    private readonly CpuTurn _turn = new();
    private long _granted;
    private bool _over;

    /// <summary>The core.</summary>
    internal IMachineCpu Cpu => cpu;

    /// <summary>Whether it executes nothing.</summary>
    internal bool Rests { get; private set; }

    /// <summary>Why it has stopped the machine.</summary>
    internal CpuStop? Stop { get; set; }

    /// <summary>Lets it execute without limit, whatever its last step still lacks.</summary>
    internal void Go()
    {
        if (!Rests && _turn.Instructions != NoLimit)
        {
            EndTurn();
        }

        _granted = NoLimit;
        Monitor.PulseAll(gate);
    }

    /// <summary>Lets it execute some instructions, once.</summary>
    internal void Go(long instructions)
    {
        _granted = instructions;
        Monitor.PulseAll(gate);
    }

    /// <summary>Asks it to come to rest.</summary>
    internal void Call()
    {
        _granted = 0;
        if (!Rests)
        {
            EndTurn();
        }
    }

    /// <summary>Its thread is to end.</summary>
    internal void End()
    {
        _over = true;
        EndTurn();
        Monitor.PulseAll(gate);
    }

    /// <summary>
    /// The core's thread, from its first turn to the last; the caller gives it <paramref name="report"/>, which is told
    /// that the core has stopped the machine.
    /// </summary>
    internal void Run(Action report)
    {
        while (NextTurn())
        {
            if (cpu.Run(_turn) is { } stop)
            {
                lock (gate)
                {
                    Stop = stop;
                    _granted = 0;
                }

                report();
            }
        }
    }

    private void EndTurn()
    {
        _turn.MustEnd = true;
        cpu.Interrupt();
    }

    private bool NextTurn()
    {
        lock (gate)
        {
            Rests = true;
            Monitor.PulseAll(gate);
            while (_granted == 0 && !_over)
            {
                Monitor.Wait(gate);
            }

            Rests = _over;
            _turn.MustEnd = _over;
            _turn.Instructions = _granted;
            _granted = _granted == NoLimit ? NoLimit : 0;
            return !_over;
        }
    }
}
