using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// Calls about names of files, for whoever passes a program's own calls on: results are those of the kernel, a value
/// or a negative error number. A relative path begins at a directory's descriptor, or at the working directory.
/// </summary>
public static unsafe partial class PathCalls
{
    /// <summary>AT_FDCWD.</summary>
    public const int WorkingDirectory = -100;

    /// <summary>Bytes of struct statx.</summary>
    public const int StatusSize = 256;

    private static long Result(nint result) => DescriptorCalls.Result(result);

    /// <summary>openat; the descriptor is never inherited by other programs.</summary>
    public static long Open(int directory, string path, int flags, int mode) =>
        Result(OpenRaw(directory, path, flags | FileCalls.CloseOnExec, mode));

    /// <summary>statx.</summary>
    public static long Status(int directory, string path, int flags, uint wanted, Span<byte> status)
    {
        fixed (byte* pointer = status)
        {
            return Result(StatusRaw(directory, path, flags, wanted, pointer));
        }
    }

    /// <summary>readlinkat.</summary>
    public static long ReadLink(int directory, string path, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(ReadLinkRaw(directory, path, pointer, (nuint)buffer.Length));
        }
    }

    /// <summary>faccessat.</summary>
    public static long Access(int directory, string path, int mode, int flags) =>
        Result(AccessRaw(directory, path, mode, flags));

    /// <summary>unlinkat.</summary>
    public static long Unlink(int directory, string path, int flags) => Result(UnlinkRaw(directory, path, flags));

    /// <summary>mkdirat.</summary>
    public static long MakeDirectory(int directory, string path, int mode) =>
        Result(MakeDirectoryRaw(directory, path, mode));

    /// <summary>renameat2.</summary>
    public static long Rename(int fromDirectory, string from, int toDirectory, string to, uint flags) =>
        Result(RenameRaw(fromDirectory, from, toDirectory, to, flags));

    /// <summary>getdents64.</summary>
    public static long ReadDirectory(int fd, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Result(ReadDirectoryRaw(fd, pointer, (nuint)buffer.Length));
        }
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenRaw(int directory, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusRaw(int directory, string path, int flags, uint wanted, byte* status);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLinkRaw(int directory, string path, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AccessRaw(int directory, string path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkRaw(int directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectoryRaw(int directory, string path, int mode);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameRaw(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint ReadDirectoryRaw(int fd, byte* buffer, nuint size);
}
