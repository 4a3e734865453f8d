namespace LaKvm.Cpu;

/// <summary>
/// Executes everything twice, a stretch at a time: with a reference engine and, from the same state, with the engine
/// that is checked; stops with an <see cref="EngineDifferenceException"/> where they differ.
/// </summary>
public sealed unsafe class CheckingEngine : IExecutionEngine, ICodeCache, IDisposable
{
    /// <summary>Instructions of a stretch at most.</summary>
    private const int Longest = 2_000;

    private readonly Core _core;
    private readonly Rehearsal _rehearsal;
    private readonly IExecutionEngine _reference;
    private readonly IExecutionEngine _checked;
    private readonly ICodeCache[] _caches;
    private readonly CheckingTurns _turns;
    private readonly ManualResetEventSlim _turn = new();
    private uint _random = 1;

    /// <summary>Makes both engines for <paramref name="core"/>; all cores of a machine share the turns.</summary>
    public CheckingEngine(
        Core core, CheckingTurns turns, Func<Core, IExecutionEngine> reference, Func<Core, IExecutionEngine> @checked)
    {
        _core = core;
        _turns = turns;
        _reference = reference(core);
        ICodeCache? first = core.CodeCache;
        _checked = @checked(core);
        _caches = [first!, core.CodeCache!];
        core.CodeCache = this;
        _rehearsal = new Rehearsal(core);
    }

    /// <summary>Instructions that both engines have executed.</summary>
    public ulong Compared { get; private set; }

    /// <summary>Instructions that only the reference has executed, because they cannot be executed twice.</summary>
    public ulong NotCompared { get; private set; }

    /// <inheritdoc/>
    public RunExit Run(long budget)
    {
        CpuState* s = _core.State;
        while (true)
        {
            if (Volatile.Read(ref s->Attention) != 0 && _core.HandleAttention() == Trap.Leave)
            {
                return _core.PendingExit;
            }

            if (budget <= 0)
            {
                return RunExit.Budget;
            }

            ulong start = s->Retired;
            RunExit exit = TakeTurn(Math.Min(budget, NextLength()));
            budget -= (long)(s->Retired - start);
            if (exit != RunExit.Budget)
            {
                return exit;
            }
        }
    }

    /// <inheritdoc/>
    public void InvalidatePage(ulong physicalPage)
    {
        foreach (ICodeCache cache in _caches)
        {
            cache.InvalidatePage(physicalPage);
        }
    }

    /// <inheritdoc/>
    public void CountBranches(bool counts)
    {
        foreach (ICodeCache cache in _caches)
        {
            cache.CountBranches(counts);
        }
    }

    /// <summary>Frees both engines.</summary>
    public void Dispose()
    {
        (_reference as IDisposable)?.Dispose();
        (_checked as IDisposable)?.Dispose();
        _rehearsal.Dispose();
        _turn.Dispose();
    }

    private RunExit TakeTurn(long length)
    {
        _turns.Begin(_turn);
        try
        {
            if (!_rehearsal.Begin())
            {
                return RunExit.Budget;
            }

            RunExit exit = RunStretch(length);
            _rehearsal.End();
            return exit;
        }
        finally
        {
            _turns.End();
        }
    }

    private RunExit RunStretch(long length)
    {
        ulong start = _core.State->Retired;
        RunExit exit = _reference.Run(length);
        if (!_rehearsal.Rewind())
        {
            NotCompared += _core.State->Retired - start;
            return exit;
        }

        RunExit other = _checked.Run(length);
        IReadOnlyList<string> differences = _rehearsal.Differences();
        if (other != exit)
        {
            differences = [.. differences, $"the run ends with {other}, not with {exit}"];
        }

        if (differences.Count != 0)
        {
            throw new EngineDifferenceException(
                DifferenceReport.Write(_core, _rehearsal, _reference, _checked, length, differences));
        }

        Compared += _core.State->Retired - start;
        return exit;
    }

    /// <summary>Stretches of all lengths end in the middle of all blocks.</summary>
    private int NextLength()
    {
        _random = (_random * 1_664_525) + 1_013_904_223;
        return 1 + (int)(_random >> 8) % Longest;
    }
}
