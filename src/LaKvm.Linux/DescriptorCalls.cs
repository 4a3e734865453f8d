using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// Calls about descriptors, for whoever passes a program's own calls on: results are those of the kernel, a value or a
/// negative error number.
/// </summary>
public static unsafe partial class DescriptorCalls
{
    /// <summary>read.</summary>
    public static long Read(int fd, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(ReadRaw(fd, pointer, (nuint)buffer.Length));
        }
    }

    /// <summary>write.</summary>
    public static long Write(int fd, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(WriteRaw(fd, pointer, (nuint)buffer.Length));
        }
    }

    /// <summary>pread.</summary>
    public static long ReadAt(int fd, Span<byte> buffer, long offset)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(ReadAtRaw(fd, pointer, (nuint)buffer.Length, offset));
        }
    }

    /// <summary>pwrite.</summary>
    public static long WriteAt(int fd, ReadOnlySpan<byte> buffer, long offset)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(WriteAtRaw(fd, pointer, (nuint)buffer.Length, offset));
        }
    }

    /// <summary>lseek.</summary>
    public static long Seek(int fd, long offset, int origin) => Result((nint)SeekRaw(fd, offset, origin));

    /// <summary>ftruncate.</summary>
    public static long SetLength(int fd, long length) => Result(SetLengthRaw(fd, length));

    /// <summary>fallocate.</summary>
    public static long Allocate(int fd, int mode, long offset, long length) =>
        Result(AllocateRaw(fd, mode, offset, length));

    /// <summary>fsync, or fdatasync.</summary>
    public static long Synchronize(int fd, bool dataOnly) => Result(dataOnly ? SyncDataRaw(fd) : SyncRaw(fd));

    /// <summary>ioctl with an argument that is a number or points to memory of this process.</summary>
    public static long Control(int fd, ulong request, void* argument) => Result(ControlRaw(fd, request, argument));

    /// <summary>fcntl.</summary>
    public static long FileControl(int fd, int command, nint argument) =>
        Result(FileControlRaw(fd, command, argument));

    /// <summary>pipe2: fills two descriptors, to read from and to write to.</summary>
    public static long Pipe(Span<int> ends, int flags)
    {
        fixed (int* pointer = ends)
        {
            return Result(PipeRaw(pointer, flags));
        }
    }

    /// <summary>eventfd.</summary>
    public static long CreateEvent(uint value, int flags) => Result(EventRaw(value, flags));

    /// <summary>timerfd_create.</summary>
    public static long CreateTimer(int clock, int flags) => Result(TimerRaw(clock, flags));

    /// <summary>timerfd_settime: interval and value, two words each.</summary>
    public static long SetTimer(int fd, int flags, ReadOnlySpan<long> time, Span<long> old)
    {
        fixed (long* set = time, previous = old)
        {
            return Result(SetTimerRaw(fd, flags, set, previous));
        }
    }

    /// <summary>timerfd_gettime.</summary>
    public static long GetTimer(int fd, Span<long> time)
    {
        fixed (long* pointer = time)
        {
            return Result(GetTimerRaw(fd, pointer));
        }
    }

    /// <summary>epoll_create1, close-on-exec.</summary>
    public static long CreatePoll() => Result(CreatePollRaw(FileCalls.CloseOnExec));

    /// <summary>epoll_ctl.</summary>
    public static long ControlPoll(int poll, int operation, int fd, uint events, ulong data)
    {
        byte* raw = stackalloc byte[16];
        PollEvent.Write(raw, 0, events, data);
        return Result(ControlPollRaw(poll, operation, fd, raw));
    }

    /// <summary>epoll_wait without waiting.</summary>
    public static long TakeEvents(int poll, Span<PollEvent> events)
    {
        byte* raw = stackalloc byte[events.Length * 16];
        long count = Result(WaitPollRaw(poll, raw, events.Length, 0));
        for (int i = 0; i < count; i++)
        {
            events[i] = PollEvent.Read(raw, i);
        }

        return count;
    }

    /// <summary>ppoll without a signal mask; null waits without limit.</summary>
    public static long Poll(Span<PollDescriptor> descriptors, long? nanoseconds)
    {
        ProcessCalls.BePunctual();
        long* time = stackalloc long[2] { nanoseconds / 1_000_000_000 ?? 0, nanoseconds % 1_000_000_000 ?? 0 };
        fixed (PollDescriptor* pointer = descriptors)
        {
            return Result(PollRaw(pointer, (nuint)descriptors.Length, nanoseconds == null ? null : time, null));
        }
    }

    /// <summary>A call's result, or the negative number of its error.</summary>
    internal static long Result(nint result) => result < 0 ? -LinuxError.Last : result;

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadRaw(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteRaw(int fd, void* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAtRaw(int fd, void* buffer, nuint size, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAtRaw(int fd, void* buffer, nuint size, long offset);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long SeekRaw(int fd, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int SetLengthRaw(int fd, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int AllocateRaw(int fd, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncRaw(int fd);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncDataRaw(int fd);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlRaw(int fd, ulong request, void* argument);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControlRaw(int fd, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int PipeRaw(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventRaw(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int TimerRaw(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    private static partial int SetTimerRaw(int fd, int flags, long* time, long* old);

    [LibraryImport("libc", EntryPoint = "timerfd_gettime", SetLastError = true)]
    private static partial int GetTimerRaw(int fd, long* time);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int CreatePollRaw(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int ControlPollRaw(int poll, int operation, int fd, void* change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitPollRaw(int poll, void* events, int count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int PollRaw(PollDescriptor* descriptors, nuint count, long* time, void* mask);
}

/// <summary>struct epoll_event, without its padding, which x86-64 has not.</summary>
/// <param name="Events">What is waited for, or has come.</param>
/// <param name="Data">What the program wants to be told with it.</param>
public readonly unsafe record struct PollEvent(uint Events, ulong Data)
{
    private static readonly int _dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    internal static PollEvent Read(byte* array, int index)
    {
        byte* at = array + (index * (_dataOffset + 8));
        return new PollEvent(*(uint*)at, *(ulong*)(at + _dataOffset));
    }

    internal static void Write(byte* array, int index, uint events, ulong data)
    {
        byte* at = array + (index * (_dataOffset + 8));
        *(uint*)at = events;
        *(ulong*)(at + _dataOffset) = data;
    }
}
