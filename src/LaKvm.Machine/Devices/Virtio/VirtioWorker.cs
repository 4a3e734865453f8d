using System.Numerics;

namespace LaKvm.Machine;

/// <summary>
/// The thread that serves a device's queues, one at a time, so that a core's register access never waits for I/O.
/// </summary>
internal sealed class VirtioWorker : IDisposable
{
    private readonly object _lock = new();
    private readonly Action<int> _serve;
    private readonly Thread _thread;
    private uint _pending;
    private int _holds;
    private bool _busy, _closing;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="serve">Serves the queue of a number.</param>
    internal VirtioWorker(string name, Action<int> serve)
    {
        _serve = serve;
        _thread = new Thread(Work) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Asks for queues, one bit each; any thread.</summary>
    internal void Ask(uint queues)
    {
        lock (_lock)
        {
            _pending |= queues;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>
    /// Returns once no queue is being served; none will be until <see cref="Continue"/>. Calls may overlap: the last
    /// <see cref="Continue"/> counts. Not for the worker's own thread.
    /// </summary>
    internal void Hold()
    {
        lock (_lock)
        {
            _holds++;
            while (_busy)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>Ends a <see cref="Hold"/>; what was asked for meanwhile is served.</summary>
    internal void Continue()
    {
        lock (_lock)
        {
            _holds--;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Ends the thread, after the request in work.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closing = true;
            Monitor.PulseAll(_lock);
        }

        _thread.Join();
    }

    private void Work()
    {
        while (TryTake(out int queue))
        {
            _serve(queue);
            lock (_lock)
            {
                _busy = false;
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Waits for a queue to serve; false when there will be no more.</summary>
    private bool TryTake(out int queue)
    {
        lock (_lock)
        {
            while (!_closing && (_holds != 0 || _pending == 0))
            {
                Monitor.Wait(_lock);
            }

            queue = BitOperations.TrailingZeroCount(_pending);
            _pending &= _pending - 1;
            _busy = !_closing;
            return _busy;
        }
    }
}
