namespace LaKvm.Running.Tests;

/// <summary>A core that executes nothing; each of its turns is what the test makes of it.</summary>
internal sealed class FakeCpu : IMachineCpu
{
    private readonly ManualResetEventSlim _interrupt = new();

    public string Name => "fake core";

    /// <summary>What a turn does, after the default of waiting for its end.</summary>
    internal Func<CpuTurn, CpuStop?>? Turn { get; set; }

    internal int Turns { get; private set; }

    public CpuStop? Run(CpuTurn turn)
    {
        Turns++;
        return Turn == null ? WaitForEnd(turn) : Turn(turn);
    }

    public void Interrupt() => _interrupt.Set();

    /// <summary>Returns when the turn must end.</summary>
    internal CpuStop? WaitForEnd(CpuTurn turn)
    {
        while (!turn.MustEnd)
        {
            _interrupt.Wait();
            _interrupt.Reset();
        }

        return null;
    }
}
