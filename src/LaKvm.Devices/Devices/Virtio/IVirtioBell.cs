namespace LaKvm.Devices;

/// <summary>
/// What the thread that serves a device's queues waits for. A bell that only the device's own registers ring is a
/// <see cref="VirtioBell"/>; a hypervisor has others, which the guest's write rings without anybody looking at it.
/// </summary>
public interface IVirtioBell : IDisposable
{
    /// <summary>
    /// Whether it is also rung from outside: then each ring may stand for every queue, since it does not say which.
    /// </summary>
    bool RungByDriver { get; }

    /// <summary>Lets one wait end, now or later. Any thread.</summary>
    void Ring();

    /// <summary>Waits until it has been rung since the last wait ended; may also end without cause.</summary>
    void Wait();
}

/// <summary>A bell that a driver's writes to some addresses ring too, without reaching the board's bus.</summary>
public interface IDriverBell : IVirtioBell
{
    /// <summary>
    /// Has writes of a width to an address ring. Where that is not possible, because others hear them already, they
    /// reach the bus as before.
    /// </summary>
    void Listen(ulong address, int width);

    /// <summary>Ends <see cref="Listen"/>.</summary>
    void Ignore(ulong address, int width);
}

/// <summary>A bell between threads.</summary>
public sealed class VirtioBell : IVirtioBell
{
    private readonly object _lock = new();
    private bool _rung;

    /// <inheritdoc/>
    public bool RungByDriver => false;

    /// <inheritdoc/>
    public void Ring()
    {
        lock (_lock)
        {
            _rung = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <inheritdoc/>
    public void Wait()
    {
        lock (_lock)
        {
            while (!_rung)
            {
                Monitor.Wait(_lock);
            }

            _rung = false;
        }
    }

    /// <summary>Holds nothing.</summary>
    public void Dispose()
    {
    }
}
