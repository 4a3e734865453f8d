namespace LaKvm.User;

/// <summary>The system calls that there are. Of others the log gets one line each, and the program ENOSYS.</summary>
internal sealed class CallTable
{
    private readonly Call?[] _calls = new Call?[CallNames.Count];
    private readonly bool[] _isQuick = new bool[CallNames.Count];
    private readonly HashSet<ulong> _reported = [];
    private readonly Action<string> _log;

    internal CallTable(Action<string> log)
    {
        _log = log;
        MemoryGroup.AddTo(this);
        FileGroup.AddTo(this);
        PathGroup.AddTo(this);
        PollGroup.AddTo(this);
        ThreadGroup.AddTo(this);
        SignalGroup.AddTo(this);
        TimeGroup.AddTo(this);
        SystemGroup.AddTo(this);
    }

    /// <summary>Adds a call by its name.</summary>
    internal void Add(string name, Call call) => _calls[CallNames.NumberOf(name)] = call;

    /// <summary>
    /// Adds a call that waits for nothing: its thread keeps its core for it, as on Linux, where a thread that makes
    /// only such calls keeps others from running.
    /// </summary>
    internal void AddQuick(string name, Call call)
    {
        Add(name, call);
        _isQuick[CallNames.NumberOf(name)] = true;
    }

    /// <summary>Makes a call.</summary>
    internal long Invoke(UserThread thread, ulong number, in CallArguments arguments)
    {
        if (number < (ulong)_calls.Length && _calls[number] is { } call)
        {
            if (!_isQuick[number])
            {
                thread.Mode.GiveUpCore();
            }

            return call(thread, arguments);
        }

        Report(number);
        return Fail.NoSys;
    }

    private void Report(ulong number)
    {
        lock (_reported)
        {
            if (!_reported.Add(number))
            {
                return;
            }
        }

        _log($"system call {CallNames.NameOf(number)} does not exist here (reported once)");
    }
}
