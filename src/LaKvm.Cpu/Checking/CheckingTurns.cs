namespace LaKvm.Cpu;

/// <summary>
/// Lets the cores of a machine execute their stretches one after another, in the order in which they come: what one
/// stores would look like a difference to another that is in the middle of a stretch.
/// </summary>
public sealed class CheckingTurns
{
    private readonly Lock _gate = new();
    private readonly Queue<ManualResetEventSlim> _waiting = new();
    private bool _taken;

    /// <summary>Waits for the caller's turn.</summary>
    /// <param name="own">The caller's own event, which is not set.</param>
    internal void Begin(ManualResetEventSlim own)
    {
        lock (_gate)
        {
            if (!_taken)
            {
                _taken = true;
                return;
            }

            _waiting.Enqueue(own);
        }

        own.Wait();
        own.Reset();
    }

    /// <summary>Passes the turn on.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _taken = _waiting.TryDequeue(out ManualResetEventSlim? next);
            next?.Set();
        }
    }
}
