using LaKvm.Cpu;

namespace LaKvm.Debugger.Logging;

/// <summary>
/// An engine with a log of what it executes. Where single instructions are to be seen, the engine inside executes them
/// one at a time, whichever it is; else it runs as ever, and the core tells what it does (<see cref="ICoreObserver"/>).
/// </summary>
public sealed unsafe class LoggingEngine : IExecutionEngine, IDisposable
{
    private readonly Core _core;
    private readonly IExecutionEngine _engine;
    private readonly EventLog _log;
    private readonly CoreLog _lines;
    private bool _isObserving;

    /// <summary>Puts a log around a core's engine.</summary>
    public LoggingEngine(Core core, IExecutionEngine engine, EventLog log)
    {
        (_core, _engine, _log) = (core, engine, log);
        _lines = new CoreLog(core, log);
    }

    /// <inheritdoc/>
    public bool CountsAtOnce => _engine.CountsAtOnce;

    private bool Steps => _log.WantsInstructions || (_log.WantsAccesses && !_engine.CountsAtOnce);

    /// <inheritdoc/>
    public RunExit Run(long budget)
    {
        if (_isObserving != _log.IsOn)
        {
            Observe(!_isObserving);
        }

        while (budget > 0 && Steps)
        {
            ulong start = _core.State->Retired;
            _lines.BeginStep();
            RunExit exit = _engine.Run(1);
            _lines.EndStep();
            budget -= (long)(_core.State->Retired - start);
            if (exit != RunExit.Budget)
            {
                return exit;
            }
        }

        return _engine.Run(budget);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Observe(false);
        (_engine as IDisposable)?.Dispose();
    }

    private void Observe(bool observe)
    {
        _isObserving = observe;
        if (observe)
        {
            _core.Debug.Observe(_lines);
        }
        else
        {
            _core.Debug.EndObserving(_lines);
        }
    }
}
