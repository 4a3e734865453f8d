namespace LaKvm.User;

/// <summary>
/// .NET threads for programs' threads. One whose program's thread has ended waits some time for the next, since making
/// it takes longer than all the rest of making a program's thread. Any thread.
/// </summary>
internal sealed class Workers : IDisposable
{
    private const int StackBytes = 1 << 20, IdleMilliseconds = 1000;

    private readonly object _lock = new();
    private readonly Queue<Action> _work = [];
    private int _idle;
    private bool _closed;

    /// <summary>Runs something on a thread of its own.</summary>
    internal void Start(Action work)
    {
        lock (_lock)
        {
            if (_idle > _work.Count)
            {
                _work.Enqueue(work);
                Monitor.Pulse(_lock);
                return;
            }
        }

        new Thread(() => Run(work), StackBytes) { IsBackground = true, Name = "lakvm user" }.Start();
    }

    /// <summary>Threads that have nothing to do end.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Run(Action work)
    {
        for (Action? next = work; next != null; next = Take())
        {
            next();
        }
    }

    /// <summary>The next work; null if there is none for some time.</summary>
    private Action? Take()
    {
        Action? work;
        lock (_lock)
        {
            _idle++;
            while (!_work.TryDequeue(out work) && !_closed && Monitor.Wait(_lock, IdleMilliseconds))
            {
                // Somebody else was quicker.
            }

            _idle--;
            return work ?? (_work.TryDequeue(out work) ? work : null); // it may have come just when the time was up
        }
    }
}
