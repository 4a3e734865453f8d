using System.Buffers;
using System.Runtime.InteropServices;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>Calls about open files.</summary>
internal static class FileGroup
{
    private const int CloseOnExec = FileCalls.CloseOnExec;

    /// <summary>
    /// Bytes that a call moves at once: what is more a program gets by asking again, as Linux allows.
    /// </summary>
    private const int MostBytes = 1 << 20;

    private const int MostVectors = 1024;

    internal static void AddTo(CallTable table)
    {
        table.Add("close", (UserThread t, in CallArguments a) => t.Process.Host.Close(a.Int(0)));
        table.Add("close_range", CloseRange);
        table.Add("read", (UserThread t, in CallArguments a) => Read(t, a.Int(0), a[1], a[2], null));
        table.Add("write", (UserThread t, in CallArguments a) => Write(t, a.Int(0), a[1], a[2], null));
        table.Add("pread64", (UserThread t, in CallArguments a) => Read(t, a.Int(0), a[1], a[2], (long)a[3]));
        table.Add("pwrite64", (UserThread t, in CallArguments a) => Write(t, a.Int(0), a[1], a[2], (long)a[3]));
        table.Add("readv", (UserThread t, in CallArguments a) => Vectors(t, a, null, Read));
        table.Add("writev", (UserThread t, in CallArguments a) => Vectors(t, a, null, Write));
        table.Add("preadv", (UserThread t, in CallArguments a) => Vectors(t, a, (long)a[3], Read));
        table.Add("pwritev", (UserThread t, in CallArguments a) => Vectors(t, a, (long)a[3], Write));
        table.Add("lseek", (UserThread t, in CallArguments a) =>
            With(t, a, (UserFile f, in CallArguments b) => f.Seek((long)b[1], b.Int(2))));
        table.Add("ftruncate", (UserThread t, in CallArguments a) =>
            WithContent(t, a, (UserFile f, in CallArguments b) => f.SetLength((long)b[1])));
        table.Add("fallocate", (UserThread t, in CallArguments a) =>
            WithContent(t, a, (UserFile f, in CallArguments b) => f.Allocate(b.Int(1), (long)b[2], (long)b[3])));
        table.Add("fsync", (UserThread t, in CallArguments a) =>
            WithContent(t, a, (UserFile f, in CallArguments _) => f.Synchronize(false)));
        table.Add("fdatasync", (UserThread t, in CallArguments a) =>
            WithContent(t, a, (UserFile f, in CallArguments _) => f.Synchronize(true)));
        table.Add("getdents64", ReadDirectory);
        table.Add("dup", (UserThread t, in CallArguments a) => Duplicate(t, a.Int(0), 0, false));
        table.Add("dup3", Duplicate3);
        table.Add("fcntl", Control);
        table.Add("ioctl", Ioctl);
        table.Add("pipe2", Pipe);
    }

    /// <summary>Gives a file a descriptor; the file goes if there is none.</summary>
    internal static long Install(UserThread thread, Descriptor file, bool closeOnExec)
    {
        int fd = thread.Process.Host.Descriptors.Install(file, 0, closeOnExec);
        if (fd < 0)
        {
            file.Drop();
        }

        return fd;
    }

    /// <summary>Calls something of an open file: EBADF if it is not open, EINVAL if it is no file.</summary>
    internal static long With(UserThread thread, in CallArguments a, FileCall call)
    {
        if (thread.Process.Host.Descriptors.Hold(a.Int(0)) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        return held is UserFile file ? call(file, a) : Fail.Inval;
    }

    /// <summary>The same for what may wait for a disk.</summary>
    private static long WithContent(UserThread thread, in CallArguments a, FileCall call) =>
        With(thread, a, (UserFile file, in CallArguments b) =>
        {
            PrepareToWait(thread, file);
            return call(file, b);
        });

    private static void PrepareToWait(UserThread thread, Descriptor held)
    {
        if (held is UserFile { MayWait: true })
        {
            thread.Mode.GiveUpCore();
        }
    }

    private static long Read(UserThread thread, int fd, ulong address, ulong count, long? offset)
    {
        if (thread.Process.Host.Descriptors.Hold(fd) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        PrepareToWait(thread, held);
        int length = (int)Math.Min(count, MostBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, length);
            long result = (held, offset) switch
            {
                (UserFile file, null) => file.Read(thread, bytes),
                (UserFile file, { } at) => file.ReadAt(bytes, at),
                (_, null) => held.ReadNext(bytes),
                (_, { } at) => held.Read(bytes, at),
            };
            return result > 0 && !thread.Memory.CopyTo(address, bytes[..(int)result]) ? Fail.Fault : result;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static long Write(UserThread thread, int fd, ulong address, ulong count, long? offset)
    {
        if (thread.Process.Host.Descriptors.Hold(fd) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        PrepareToWait(thread, held);
        int length = (int)Math.Min(count, MostBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, length);
            if (!thread.Memory.CopyFrom(address, bytes))
            {
                return Fail.Fault;
            }

            return held is not UserFile file ? Fail.Inval
                : offset is { } at ? file.WriteAt(bytes, at) : file.Write(thread, bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The parts of a vector one after the other, up to the first that is not done whole.</summary>
    private static long Vectors(UserThread thread, in CallArguments a, long? offset, Transfer transfer)
    {
        if (a[2] > MostVectors)
        {
            return Fail.Inval;
        }

        var vectors = new ulong[2 * (int)a[2]];
        if (!thread.Memory.CopyFrom(a[1], MemoryMarshal.AsBytes(vectors.AsSpan())))
        {
            return Fail.Fault;
        }

        long done = 0;
        for (int i = 0; i < vectors.Length; i += 2)
        {
            if (vectors[i + 1] == 0)
            {
                continue;
            }

            long count = transfer(thread, a.Int(0), vectors[i], vectors[i + 1], offset + done);
            if (count < 0)
            {
                return done > 0 ? done : count;
            }

            done += count;
            if (count < (long)vectors[i + 1])
            {
                break;
            }
        }

        return done;
    }

    private static long ReadDirectory(UserThread thread, in CallArguments a)
    {
        byte[] buffer = new byte[(int)Math.Min(a[2], MostBytes)];
        long count = With(thread, a, (UserFile file, in CallArguments _) => file.ReadDirectory(buffer));
        return count > 0 && !thread.Memory.CopyTo(a[1], buffer.AsSpan(0, (int)count)) ? Fail.Fault : count;
    }

    private static long CloseRange(UserThread thread, in CallArguments a)
    {
        const uint onlyMark = 4;
        DescriptorTable table = thread.Process.Host.Descriptors;
        if (a.UInt(0) > a.UInt(1))
        {
            return Fail.Inval;
        }

        foreach (int fd in table.Numbers)
        {
            if (fd < a.UInt(0) || fd > a.UInt(1))
            {
                continue;
            }

            if ((a.UInt(2) & onlyMark) != 0)
            {
                table.SetCloseOnExec(fd, true);
            }
            else
            {
                table.Close(fd);
            }
        }

        return 0;
    }

    private static long Duplicate(UserThread thread, int fd, int least, bool closeOnExec)
    {
        DescriptorTable table = thread.Process.Host.Descriptors;
        if (table.Hold(fd) is not { } held)
        {
            return Fail.BadF;
        }

        int copy = table.Install(held, least, closeOnExec);
        if (copy < 0)
        {
            held.Drop();
        }

        return copy;
    }

    private static long Duplicate3(UserThread thread, in CallArguments a)
    {
        if (a.Int(0) == a.Int(1) || (a.Int(2) & ~CloseOnExec) != 0)
        {
            return Fail.Inval;
        }

        DescriptorTable table = thread.Process.Host.Descriptors;
        if (table.Hold(a.Int(0)) is not { } held)
        {
            return Fail.BadF;
        }

        int copy = table.Replace(a.Int(1), held, (a.Int(2) & CloseOnExec) != 0);
        if (copy < 0)
        {
            held.Drop();
        }

        return copy;
    }

    private static long Control(UserThread thread, in CallArguments a)
    {
        const int duplicate = 0, getDescriptorFlags = 1, setDescriptorFlags = 2, getFlags = 3, setFlags = 4;
        const int getLock = 5, setLock = 6, setLockWait = 7, openGetLock = 36, openSetLockWait = 38;
        const int duplicateCloseOnExec = 1030, getSeals = 1034, addSeals = 1033, pipeSize = 1032, setPipeSize = 1031;
        const int changeable = 0xc00 | 0x4_0000; // O_APPEND, O_NONBLOCK, O_NOATIME
        DescriptorTable table = thread.Process.Host.Descriptors;
        if (table.Find(a.Int(0)) is not { } descriptor)
        {
            return Fail.BadF;
        }

        var file = descriptor as UserFile;
        switch (a.Int(1))
        {
            case duplicate or duplicateCloseOnExec:
                return a[2] >= DescriptorTable.Limit ? Fail.Inval
                    : Duplicate(thread, a.Int(0), a.Int(2), a.Int(1) == duplicateCloseOnExec);
            case getDescriptorFlags:
                return table.IsCloseOnExec(a.Int(0)) ? 1 : 0;
            case setDescriptorFlags:
                table.SetCloseOnExec(a.Int(0), (a[2] & 1) != 0);
                return 0;
            case getFlags:
                return file?.Flags ?? 2;
            case setFlags:
                if (file != null)
                {
                    file.Flags = (file.Flags & ~changeable) | (a.Int(2) & changeable);
                }

                return 0;
            case getLock or setLock or setLockWait or (>= openGetLock and <= openSetLockWait):
                return FileLocks.Control(thread, file as HostFile, a.Int(1), a[2]);
            case getSeals or addSeals:
                return file is MemoryFile ? 0 : Fail.Inval;
            case pipeSize or setPipeSize:
                return file is HostFile pipe ? DescriptorCalls.FileControl(pipe.Number, a.Int(1), (nint)a[2])
                    : Fail.BadF;
            default:
                return Fail.Inval;
        }
    }

    private static long Ioctl(UserThread thread, in CallArguments a)
    {
        const uint closeOnExec = 0x5451, noCloseOnExec = 0x5450, nonBlocking = 0x5421;
        HostProcess host = thread.Process.Host;
        uint request = a.UInt(1);
        if (host.Descriptors.Hold(a.Int(0)) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        switch (request)
        {
            case closeOnExec or noCloseOnExec:
                host.Descriptors.SetCloseOnExec(a.Int(0), request == closeOnExec);
                return 0;
            case nonBlocking when held is UserFile waits:
                if (!thread.Memory.TryRead(a[2], out int on))
                {
                    return Fail.Fault;
                }

                waits.Flags = on != 0 ? waits.Flags | 0x800 : waits.Flags & ~0x800;
                return 0;
            default:
                return held is UserFile file
                    ? file.Control(thread, request, a[2])
                    : held.Call(host, request, new UserPointer((nint)a[2], thread.Process.Pointers));
        }
    }

    private static long Pipe(UserThread thread, in CallArguments a)
    {
        Span<int> ends = stackalloc int[2];
        int flags = a.Int(1);
        long result = DescriptorCalls.Pipe(ends, flags | CloseOnExec);
        if (result < 0)
        {
            return result;
        }

        int read = (int)Install(thread, new HostFile(ends[0], "pipe"), (flags & CloseOnExec) != 0);
        int write = (int)Install(thread, new HostFile(ends[1], "pipe"), (flags & CloseOnExec) != 0);
        return thread.Memory.TryWrite(a[0], read) && thread.Memory.TryWrite(a[0] + 4, write) ? 0 : Fail.Fault;
    }

    private delegate long Transfer(UserThread thread, int fd, ulong address, ulong count, long? offset);

    /// <summary>Something that is done with an open file.</summary>
    internal delegate long FileCall(UserFile file, in CallArguments arguments);
}
