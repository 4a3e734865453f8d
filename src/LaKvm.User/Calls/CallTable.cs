using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>The system calls that there are. Of others the log gets one line each, and the program ENOSYS.</summary>
internal sealed class CallTable
{
    private readonly Call?[] _calls = new Call?[CallNames.Count];
    private readonly HashSet<ulong> _reported = [];
    private readonly Action<string> _log;

    internal CallTable(Action<string> log)
    {
        _log = log;
        MemoryGroup.AddTo(this);
        FileGroup.AddTo(this);
        PathGroup.AddTo(this);
        PollGroup.AddTo(this);
        SocketGroup.AddTo(this);
        ThreadGroup.AddTo(this);
        SignalGroup.AddTo(this);
        TimeGroup.AddTo(this);
        SystemGroup.AddTo(this);
    }

    /// <summary>Adds a call by its name.</summary>
    internal void Add(string name, Call call) => _calls[CallNames.NumberOf(name)] = call;

    /// <summary>
    /// Makes a call. Its thread keeps its core, as on Linux, up to where the call has to wait: for a signal or
    /// descriptor (<see cref="UserThread.WaitFor"/>), the computer's files, KVM (<see cref="HostThread.GiveUpCore"/>).
    /// </summary>
    internal long Invoke(UserThread thread, ulong number, in CallArguments arguments)
    {
        if (number < (ulong)_calls.Length && _calls[number] is { } call)
        {
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
