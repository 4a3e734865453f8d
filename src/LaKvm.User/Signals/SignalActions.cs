namespace LaKvm.User;

/// <summary>What a process does with each signal. Any thread.</summary>
internal sealed class SignalActions
{
    private readonly Lock _lock = new();
    private readonly SignalAction[] _actions = new SignalAction[Signal.Count + 1];

    /// <summary>The action for a signal.</summary>
    internal SignalAction this[int number]
    {
        get
        {
            lock (_lock)
            {
                return _actions[number];
            }
        }

        set
        {
            lock (_lock)
            {
                _actions[number] = value;
            }
        }
    }

    /// <summary>Whether a signal has no effect at all.</summary>
    internal bool Ignores(int number) => number != Signal.Kill && this[number].Handler switch
    {
        SignalAction.Ignore => true,
        SignalAction.Default => Signal.IsIgnoredByDefault(number),
        _ => false,
    };

    /// <summary>The action for a signal that is delivered now; one that holds for one time is gone then.</summary>
    internal SignalAction Take(int number)
    {
        SignalAction action = number == Signal.Kill ? default : this[number];
        if ((action.Flags & SignalAction.ResetHand) != 0)
        {
            this[number] = default;
        }

        return action;
    }

    /// <summary>A child's actions.</summary>
    internal SignalActions Clone()
    {
        var copy = new SignalActions();
        lock (_lock)
        {
            _actions.CopyTo(copy._actions, 0);
        }

        return copy;
    }

    /// <summary>A new program has no handlers; what is ignored stays so.</summary>
    internal void ResetForExec()
    {
        lock (_lock)
        {
            for (int number = 1; number <= Signal.Count; number++)
            {
                _actions[number] = _actions[number].Handler == SignalAction.Ignore ? _actions[number] : default;
            }
        }
    }
}
