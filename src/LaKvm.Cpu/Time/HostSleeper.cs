using System.Runtime.InteropServices;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>
/// Lets a core's thread sleep until another thread wakes it or some nanoseconds have passed. .NET's own waits count in
/// milliseconds, which is a hundred times too coarse for a guest's timer: this one is an eventfd under ppoll.
/// </summary>
public sealed unsafe partial class HostSleeper : IDisposable
{
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800;
    private const short PollIn = 1;
    private const int SetTimerSlack = 29;

    [ThreadStatic] private static bool _isPunctual;

    private readonly int _fd = EventFd(0, CloseOnExec | NonBlocking);
    private int _sleeping;

    /// <summary>Makes a sleeper that is awake.</summary>
    /// <exception cref="MemoryExhaustedException">The computer gives no more file descriptors.</exception>
    public HostSleeper()
    {
        if (_fd < 0)
        {
            throw new MemoryExhaustedException("The host refused an event descriptor.");
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
        BePunctual();
        var poll = new PollFd { Fd = _fd, Events = PollIn };
        var time = new TimeSpec { Seconds = nanoseconds / 1_000_000_000 ?? 0, Nanoseconds = nanoseconds % 1_000_000_000 ?? 0 };
        _ = Poll(&poll, 1, nanoseconds == null ? null : &time, null);
        bool woken = Interlocked.Exchange(ref _sleeping, 0) == 0;
        ulong drained;
        _ = Read(_fd, &drained, sizeof(ulong));
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

        ulong one = 1;
        _ = Write(_fd, &one, sizeof(ulong));
        return true;
    }

    /// <summary>Gives the descriptor back.</summary>
    public void Dispose() => _ = Close(_fd);

    /// <summary>By default the host may wake a thread 50 us late, to save wake-ups.</summary>
    private static void BePunctual()
    {
        if (!_isPunctual)
        {
            _ = ProcessControl(SetTimerSlack, 1, 0, 0, 0);
            _isPunctual = true;
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessControl(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int Poll(PollFd* fds, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int fd);

    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
