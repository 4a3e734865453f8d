using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>An eventfd that one thread sleeps on, to the nanosecond, and others ring (eventfd(2), ppoll(2)).</summary>
public sealed unsafe partial class EventDescriptor : IDisposable
{
    private const short PollIn = 1;

    private readonly int _fd;

    /// <summary>Makes a descriptor that nobody has rung.</summary>
    /// <exception cref="LinuxException">There may be no more descriptors.</exception>
    public EventDescriptor()
    {
        _fd = EventFd(0, FileCalls.CloseOnExec | FileCalls.NonBlocking);
        if (_fd < 0)
        {
            throw new LinuxException("A core cannot be made");
        }
    }

    /// <summary>The descriptor's number, for poll: readable once somebody has rung.</summary>
    public int Number => _fd;

    /// <summary>Sleeps until somebody rings or the time is up; null is without limit.</summary>
    public void Wait(long? nanoseconds)
    {
        var poll = new PollFd { Fd = _fd, Events = PollIn };
        var time = new TimeSpec { Seconds = nanoseconds / 1_000_000_000 ?? 0, Nanoseconds = nanoseconds % 1_000_000_000
            ?? 0 };
        _ = Poll(&poll, 1, nanoseconds == null ? null : &time, null);
    }

    /// <summary>Forgets that somebody rang.</summary>
    public void Clear()
    {
        ulong drained;
        _ = Read(_fd, &drained, sizeof(ulong));
    }

    /// <summary>Ends the sleep, under way or about to begin. Any thread.</summary>
    public void Ring()
    {
        ulong one = 1;
        _ = Write(_fd, &one, sizeof(ulong));
    }

    /// <summary>Gives the descriptor back.</summary>
    public void Dispose() => _ = FileCalls.Close(_fd);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int Poll(PollFd* fds, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int fd, void* buffer, nuint size);

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
