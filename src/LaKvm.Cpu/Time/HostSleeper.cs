using LaKvm.Linux;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>
/// Lets a core's thread sleep until another thread wakes it or some nanoseconds have passed. .NET's own waits count in
/// milliseconds, which is a hundred times too coarse for a guest's timer: this one is an eventfd under ppoll.
/// </summary>
public sealed class HostSleeper : IDisposable
{
    private readonly EventDescriptor _event;
    private int _sleeping;

    /// <summary>Makes a sleeper that is awake.</summary>
    /// <exception cref="MemoryExhaustedException">The computer gives no more file descriptors.</exception>
    public HostSleeper()
    {
        try
        {
            _event = new EventDescriptor();
        }
        catch (LinuxException e)
        {
            throw new MemoryExhaustedException(e.Message);
        }
    }

    /// <summary>From here on a wake is not lost: to be called before the caller looks whether it may sleep.</summary>
    public void Arm()
    {
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
    }

    /// <summary>The caller has found that it need not sleep.</summary>
    public void Disarm() => Volatile.Write(ref _sleeping, 0);

    /// <summary>Sleeps after <see cref="Arm"/>; null waits without limit. May return early without reason.</summary>
    /// <returns>Whether <see cref="Wake"/> has ended the sleep; if not, the time has.</returns>
    public bool Sleep(long? nanoseconds)
    {
        ProcessCalls.BePunctual();
        _event.Wait(nanoseconds);
        bool woken = Interlocked.Exchange(ref _sleeping, 0) == 0;
        _event.Clear();
        return woken;
    }

    /// <summary>Ends the sleep of an armed sleeper, under way or about to begin. Any thread.</summary>
    /// <returns>Whether it slept, and nobody else has woken it.</returns>
    public bool Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) == 0 || Interlocked.Exchange(ref _sleeping, 0) == 0)
        {
            return false;
        }

        _event.Ring();
        return true;
    }

    /// <summary>Gives the descriptor back.</summary>
    public void Dispose() => _event.Dispose();
}
