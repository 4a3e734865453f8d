using System.Numerics;

namespace LaKvm.Devices;

/// <summary>
/// The thread that serves a device's queues, one at a time, so that a core's register access never waits for I/O.
/// </summary>
internal sealed class VirtioWorker : IDisposable
{
    private readonly object _lock = new();
    private readonly Action<int> _serve;
    private readonly IVirtioBell _bell;
    private readonly uint _rungFor;
    private readonly Thread _thread;
    private uint _pending;
    private int _holds;
    private bool _busy, _closing;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="queues">Number of queues.</param>
    /// <param name="bell">What the thread waits for; belongs to the worker.</param>
    /// <param name="serve">Serves the queue of a number.</param>
    internal VirtioWorker(string name, int queues, IVirtioBell bell, Action<int> serve)
    {
        _serve = serve;
        _bell = bell;
        _rungFor = bell.RungByDriver ? (1u << queues) - 1 : 0;
#pragma warning disable RS0030 // The one thread of devices: VirtioControl holds it while the machine pauses.
        _thread = new Thread(Work) { IsBackground = true, Name = name };
#pragma warning restore RS0030
        _thread.Start();
    }

    /// <summary>Asks for queues, one bit each; any thread.</summary>
    internal void Ask(uint queues)
    {
        lock (_lock)
        {
            _pending |= queues;
        }

        _bell.Ring();
    }

    /// <summary>
    /// Returns once no queue is being served; none will be until <see cref="Continue"/>. Calls may overlap: the last
    /// <see cref="Continue"/> counts. Not for the worker's own thread.
    /// </summary>
    internal void Hold() => TryHold(Timeout.InfiniteTimeSpan);

    /// <summary>The same, unless a request in work takes longer than this: then nothing is held.</summary>
    internal bool TryHold(TimeSpan patience)
    {
        lock (_lock)
        {
            _holds++;
            while (_busy)
            {
                if (!Monitor.Wait(_lock, patience))
                {
                    _holds--;
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Ends a <see cref="Hold"/>; what was asked for meanwhile is served.</summary>
    internal void Continue()
    {
        lock (_lock)
        {
            _holds--;
        }

        _bell.Ring();
    }

    /// <summary>Ends the thread, after the request in work.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closing = true;
        }

        _bell.Ring();
        _thread.Join();
        _bell.Dispose();
    }

    private void Work()
    {
        while (Next() is { } queue)
        {
            _serve(queue);
            lock (_lock)
            {
                _busy = false;
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Waits for a queue to serve; null when there will be no more.</summary>
    private int? Next()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_closing)
                {
                    return null;
                }

                if (_holds == 0 && _pending != 0)
                {
                    int queue = BitOperations.TrailingZeroCount(_pending);
                    _pending &= _pending - 1;
                    _busy = true;
                    return queue;
                }
            }

            _bell.Wait();
            lock (_lock)
            {
                _pending |= _rungFor;
            }
        }
    }
}
