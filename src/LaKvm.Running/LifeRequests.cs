namespace LaKvm.Running;

/// <summary>What has been asked of a machine and is not served yet. Any thread.</summary>
/// <param name="gate">The machine's lock, pulsed when something is asked for, or the run is to end.</param>
internal sealed class LifeRequests(object gate)
{
    private readonly Queue<LifeRequest> _waiting = new();
    private bool _closed;

    /// <summary>Asks; false if nothing is served any more.</summary>
    internal bool Add(LifeRequest request)
    {
        lock (gate)
        {
            if (!_closed)
            {
                _waiting.Enqueue(request);
                Monitor.PulseAll(gate);
            }

            return !_closed;
        }
    }

    /// <summary>Waits for a request; null once the run is to end.</summary>
    internal LifeRequest? Next(Func<bool> isEnding)
    {
        lock (gate)
        {
            LifeRequest? request = null;
            while (!isEnding() && !_waiting.TryDequeue(out request))
            {
                Monitor.Wait(gate);
            }

            return request;
        }
    }

    /// <summary>Refuses what waits, and all that comes.</summary>
    internal void Close()
    {
        lock (gate)
        {
            _closed = true;
            while (_waiting.TryDequeue(out LifeRequest? request))
            {
                request.Complete(false);
            }
        }
    }
}
