using System.Text;
using LaKvm.Ioctl;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>Calls about names of files.</summary>
internal static class PathGroup
{
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH

    internal static void AddTo(CallTable table)
    {
        table.Add("openat", Open);
        table.Add("statx", Status);
        table.Add("newfstatat", StatusAt);
        table.Add("fstat", (UserThread t, in CallArguments a) =>
            StatusOf(t, a.Int(0), "", EmptyPath, a[1], asStat: true));
        table.Add("readlinkat", ReadLink);
        table.Add("faccessat", (UserThread t, in CallArguments a) => Access(t, a.Int(0), a[1], a.Int(2), 0));
        table.Add("faccessat2", (UserThread t, in CallArguments a) => Access(t, a.Int(0), a[1], a.Int(2), a.Int(3)));
        table.Add("unlinkat", Unlink);
        table.Add("linkat", Link);
        table.Add("mkdirat", (UserThread t, in CallArguments a) =>
            At(t, a.Int(0), a[1], (start, place) => PathCalls.MakeDirectory(start, place, 0x1ff)));
        table.Add("renameat2", Rename);
        table.Add("getcwd", WorkingDirectory);
        table.Add("chdir", ChangeDirectory);
    }

    private static long Open(UserThread thread, in CallArguments a)
    {
        if (thread.Memory.ReadText(a[1]) is not { } path)
        {
            return Fail.Fault;
        }

        bool closeOnExec = (a.Int(2) & FileCalls.CloseOnExec) != 0;
        if (path == HostProcess.KvmDevice)
        {
            int fd = thread.Process.Host.Open(path);
            thread.Process.Host.Descriptors.SetCloseOnExec(fd, closeOnExec);
            return fd;
        }

        long result = Paths.Open(thread.Process, a.Int(0), path, a.Int(2), a.Int(3), out UserFile? file);
        return result < 0 ? result : FileGroup.Install(thread, file!, closeOnExec);
    }

    private static long Status(UserThread thread, in CallArguments a) => thread.Memory.ReadText(a[1]) is { } path
        ? StatusOf(thread, a.Int(0), path, a.Int(2), a[4], asStat: false)
        : Fail.Fault;

    private static long StatusAt(UserThread thread, in CallArguments a) => thread.Memory.ReadText(a[1]) is { } path
        ? StatusOf(thread, a.Int(0), path, a.Int(3), a[2], asStat: true)
        : Fail.Fault;

    private static long StatusOf(UserThread thread, int directory, string path, int flags, ulong address, bool asStat)
    {
        Span<byte> status = stackalloc byte[StatusBuffer.Size], stat = stackalloc byte[StatusBuffer.StatSize];
        long result = path.Length == 0 && (flags & EmptyPath) != 0
            ? StatusOfFile(thread, directory, status)
            : StatusOfPath(thread, directory, path, flags, status);
        if (result < 0)
        {
            return result;
        }

        StatusBuffer.ToStat(status, stat);
        return LaKvm.Hypervisor.HostMemoryAccess.CopyTo(thread.Memory, address, asStat ? stat : status) ? 0
            : Fail.Fault;
    }

    private static long StatusOfFile(UserThread thread, int fd, Span<byte> status)
    {
        if (fd == PathCalls.WorkingDirectory)
        {
            return StatusOfPath(thread, fd, ".", 0, status);
        }

        if (thread.Process.Host.Descriptors.Hold(fd) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        if (held is UserFile file)
        {
            return file.Status(status);
        }

        StatusBuffer.Fill(status, StatusBuffer.AnonymousMode, 0, held.GetHashCode());
        return 0;
    }

    private static long StatusOfPath(UserThread thread, int directory, string path, int flags, Span<byte> status)
    {
        const uint basic = 0x7ff;
        const ushort characterDevice = 0x21b6;
        string full = Paths.Absolute(thread.Process, directory, path, out int start);
        if (full.StartsWith(SharedFiles.Directory, StringComparison.Ordinal))
        {
            return thread.Process.Kernel.SharedFiles.Status(full, status);
        }

        if (full == HostProcess.KvmDevice)
        {
            StatusBuffer.Fill(status, characterDevice, 0, 1);
            return 0;
        }

        if (SystemTexts.Find(thread.Process, full) is { } text)
        {
            StatusBuffer.Fill(status, StatusBuffer.RegularMode, (ulong)text.Length, 2);
            return 0;
        }

        return PathCalls.Status(start, Paths.Place(thread.Process, full), flags, basic, status);
    }

    private static long ReadLink(UserThread thread, in CallArguments a)
    {
        if (thread.Memory.ReadText(a[1]) is not { } path)
        {
            return Fail.Fault;
        }

        byte[] buffer = new byte[(int)Math.Min(a[3], 4096)];
        string full = Paths.Absolute(thread.Process, a.Int(0), path, out int start);
        long count;
        if (Paths.LinkOf(thread.Process, full) is { } target)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(target);
            count = Math.Min(bytes.Length, buffer.Length);
            bytes.AsSpan(0, (int)count).CopyTo(buffer);
        }
        else
        {
            count = PathCalls.ReadLink(start, Paths.Place(thread.Process, full), buffer);
        }

        return count > 0 && !LaKvm.Hypervisor.HostMemoryAccess.CopyTo(thread.Memory, a[2], buffer.AsSpan(0, (int)count))
            ? Fail.Fault : count;
    }

    private static long Access(UserThread thread, int directory, ulong address, int mode, int flags)
    {
        if (thread.Memory.ReadText(address) is not { } path)
        {
            return Fail.Fault;
        }

        Span<byte> status = stackalloc byte[StatusBuffer.Size];
        string full = Paths.Absolute(thread.Process, directory, path, out int start);
        bool ours = full == HostProcess.KvmDevice || SystemTexts.Find(thread.Process, full) != null
            || full.StartsWith(SharedFiles.Directory, StringComparison.Ordinal);
        return ours
            ? StatusOfPath(thread, directory, path, 0, status)
            : PathCalls.Access(start, Paths.Place(thread.Process, full), mode, flags);
    }

    private static long Unlink(UserThread thread, in CallArguments a)
    {
        int flags = a.Int(2);
        return thread.Memory.ReadText(a[1]) is { } path
            && path.StartsWith(SharedFiles.Directory, StringComparison.Ordinal)
            ? thread.Process.Kernel.SharedFiles.Unlink(path)
            : At(thread, a.Int(0), a[1], (start, place) => PathCalls.Unlink(start, place, flags));
    }

    private static long Link(UserThread thread, in CallArguments a)
    {
        if (thread.Memory.ReadText(a[1]) is not { } from || thread.Memory.ReadText(a[3]) is not { } to)
        {
            return Fail.Fault;
        }

        bool shared = from.StartsWith(SharedFiles.Directory, StringComparison.Ordinal)
            && to.StartsWith(SharedFiles.Directory, StringComparison.Ordinal);
        return shared ? thread.Process.Kernel.SharedFiles.Link(from, to) : Fail.Perm;
    }

    private static long Rename(UserThread thread, in CallArguments a)
    {
        if (thread.Memory.ReadText(a[1]) is not { } from || thread.Memory.ReadText(a[3]) is not { } to)
        {
            return Fail.Fault;
        }

        string fromPath = Paths.Absolute(thread.Process, a.Int(0), from, out int fromStart);
        string toPath = Paths.Absolute(thread.Process, a.Int(2), to, out int toStart);
        return PathCalls.Rename(
            fromStart, Paths.Place(thread.Process, fromPath), toStart, Paths.Place(thread.Process, toPath), a.UInt(4));
    }

    private static long At(UserThread thread, int directory, ulong address, Func<int, string, long> call)
    {
        if (thread.Memory.ReadText(address) is not { } path)
        {
            return Fail.Fault;
        }

        string full = Paths.Absolute(thread.Process, directory, path, out int start);
        return call(start, Paths.Place(thread.Process, full));
    }

    private static long WorkingDirectory(UserThread thread, in CallArguments a)
    {
        byte[] path = [.. Encoding.UTF8.GetBytes(thread.Process.WorkingDirectory), 0];
        return (ulong)path.Length > a[1] ? Fail.Range
            : LaKvm.Hypervisor.HostMemoryAccess.CopyTo(thread.Memory, a[0], path) ? path.Length : Fail.Fault;
    }

    private static long ChangeDirectory(UserThread thread, in CallArguments a)
    {
        if (thread.Memory.ReadText(a[0]) is not { } path)
        {
            return Fail.Fault;
        }

        string full = Path.GetFullPath(Paths.Absolute(thread.Process, PathCalls.WorkingDirectory, path, out _));
        if (!Directory.Exists(Paths.Place(thread.Process, full)))
        {
            return Path.Exists(full) ? Fail.NotDir : Fail.NoEnt;
        }

        thread.Process.WorkingDirectory = full;
        return 0;
    }
}
