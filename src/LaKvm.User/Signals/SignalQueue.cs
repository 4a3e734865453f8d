namespace LaKvm.User;

/// <summary>Signals that wait for a thread, or for any thread of a process. Any thread.</summary>
internal sealed class SignalQueue
{
    private const int FirstRealTime = 32;

    private readonly Lock _lock = new();
    private readonly List<SignalInfo> _waiting = [];

    /// <summary>The signals that wait, as a set.</summary>
    internal ulong Pending
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Aggregate(0UL, (set, info) => set | Signal.Bit(info.Number));
            }
        }
    }

    /// <summary>Adds a signal; one that waits already waits only once, unless it is a real-time one.</summary>
    internal void Add(in SignalInfo info)
    {
        lock (_lock)
        {
            int number = info.Number;
            if (number >= FirstRealTime || !_waiting.Exists(other => other.Number == number))
            {
                _waiting.Add(info);
            }
        }
    }

    /// <summary>
    /// Takes the first signal of a set; false if none waits. <paramref name="last"/> says that no other of the same
    /// number does.
    /// </summary>
    internal bool TryTake(ulong set, out SignalInfo info, out bool last)
    {
        lock (_lock)
        {
            int index = _waiting.FindIndex(other => (Signal.Bit(other.Number) & set) != 0);
            info = index < 0 ? default : _waiting[index];
            last = false;
            if (index < 0)
            {
                return false;
            }

            _waiting.RemoveAt(index);
            int number = info.Number;
            last = !_waiting.Exists(other => other.Number == number);
            return true;
        }
    }
}
