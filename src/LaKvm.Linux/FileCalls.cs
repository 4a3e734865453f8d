using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Linux;

/// <summary>What a file is (S_IFMT of inode(7)).</summary>
public enum FileKind
{
    /// <summary>S_IFIFO: a pipe, with a name or without.</summary>
    Pipe = 0x1000,

    /// <summary>S_IFCHR.</summary>
    CharacterDevice = 0x2000,

    /// <summary>S_IFDIR.</summary>
    Directory = 0x4000,

    /// <summary>S_IFBLK.</summary>
    BlockDevice = 0x6000,

    /// <summary>S_IFREG.</summary>
    Regular = 0x8000,

    /// <summary>S_IFLNK.</summary>
    SymbolicLink = 0xA000,

    /// <summary>S_IFSOCK.</summary>
    Socket = 0xC000,
}

/// <summary>Calls about files and descriptors.</summary>
public static partial class FileCalls
{
    /// <summary>O_RDONLY, O_WRONLY and O_RDWR.</summary>
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;

    /// <summary>Of open(2): O_CREAT, O_EXCL, O_TRUNC, O_NONBLOCK, O_CLOEXEC.</summary>
    public const int Create = 0x40, Exclusive = 0x80, Truncate = 0x200, NonBlocking = 0x800, CloseOnExec = 0x8_0000;

    /// <summary>SEEK_END.</summary>
    public const int SeekEnd = 2;

    /// <summary>POLLIN and POLLOUT.</summary>
    public const short Readable = 1, Writable = 4;

    private const int AtWorkingDirectory = -100, GetStatusFlags = 3, SetStatusFlags = 4;
    private const uint ExchangeNames = 2;

    /// <summary>O_TMPFILE, which has the number of O_DIRECTORY in it; that one's depends on the architecture.</summary>
    private static int TemporaryFile => 0x40_0000
        | (RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x1_0000);

    /// <summary>stdin, stdout and stderr.</summary>
    public const int StandardInput = 0, StandardOutput = 1, StandardError = 2;

    /// <summary>What a path leads to; null if to nothing that can be looked at.</summary>
    public static unsafe FileKind? KindOf(string path)
    {
        // struct statx: stx_mode is the 16-bit word at byte 28, on all architectures.
        const int size = 256, mode = 28, typeMask = 0xF000;
        const uint typeWanted = 1;
        byte* status = stackalloc byte[size];
        return Status(AtWorkingDirectory, path, 0, typeWanted, status) == 0
            ? (FileKind)(*(ushort*)(status + mode) & typeMask)
            : null;
    }

    /// <summary>Opens a file; the handle is invalid on failure, and <see cref="LinuxError.Last"/> says why.</summary>
    /// <param name="path">The file.</param>
    /// <param name="flags">Of open(2); the descriptor is never inherited by other programs.</param>
    /// <param name="mode">Access rights of a file that is made.</param>
    public static SafeFileHandle Open(string path, int flags, int mode = 0)
    {
        int fd;
        do
        {
            fd = OpenAt(AtWorkingDirectory, path, flags | CloseOnExec, mode);
        }
        while (fd < 0 && LinuxError.Last == LinuxError.Interrupted);
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>
    /// An empty file that has no name, so that nothing is left of it when the process ends, however that comes about;
    /// only its owner may open it.
    /// </summary>
    /// <param name="directory">Where its blocks are taken from.</param>
    /// <exception cref="LinuxException">There is no such directory, or no file may be made there.</exception>
    public static SafeFileHandle CreateUnnamed(string directory)
    {
        const int ownerOnly = 0x180; // 0600
        SafeFileHandle file = Open(directory, TemporaryFile | ReadWrite | Exclusive, ownerOnly);
        if (file.IsInvalid && LinuxError.Last is LinuxError.NotSupported or LinuxError.IsDirectory
            or LinuxError.Invalid)
        {
            // This file system knows names only: the name goes as soon as the file is open.
            string path = Path.Combine(directory, $".lakvm-{Guid.NewGuid():n}");
            file = Open(path, ReadWrite | Create | Exclusive, ownerOnly);
            if (!file.IsInvalid)
            {
                _ = Unlink(path);
            }
        }

        return file.IsInvalid ? throw new LinuxException($"no temporary file can be made in '{directory}'") : file;
    }

    /// <summary>
    /// Returns when what was written to a file, or a directory's names, is safe against a power failure.
    /// </summary>
    /// <exception cref="LinuxException">It is not.</exception>
    public static void Synchronize(string path)
    {
        using SafeFileHandle file = Open(path, ReadOnly);
        if (file.IsInvalid || Sync(file) != 0)
        {
            throw new LinuxException($"'{path}' cannot be written to the disk");
        }
    }

    /// <summary>Lets two names change places in one step; false where the file system cannot.</summary>
    public static bool TryExchange(string first, string second) =>
        RenameAt(AtWorkingDirectory, first, AtWorkingDirectory, second, ExchangeNames) == 0;

    /// <summary>
    /// Makes a range of a file read as zeros, without writing them; false where the file system cannot.
    /// </summary>
    /// <param name="file">The file; its length stays.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="mayDiscard">Whether the range's blocks may be given back.</param>
    public static bool TryZero(SafeFileHandle file, long offset, long length, bool mayDiscard)
    {
        // FALLOC_FL_KEEP_SIZE, with PUNCH_HOLE or ZERO_RANGE.
        const int keepSize = 1, punchHole = 2, zeroRange = 0x10;
        return length == 0 || Allocate(file, keepSize | (mayDiscard ? punchHole : zeroRange), offset, length) == 0;
    }

    /// <summary>Makes reads and writes of a descriptor wait, whatever it was opened with.</summary>
    public static void MakeBlocking(SafeFileHandle file)
    {
        int fd = (int)file.DangerousGetHandle();
        _ = Control(fd, SetStatusFlags, Control(fd, GetStatusFlags, 0) & ~NonBlocking);
    }

    /// <summary>
    /// Reads what has arrived; waits for the first byte. 0 at the end of the input, negative on an error.
    /// </summary>
    public static unsafe int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            nint count;
            do
            {
                count = Read(fd, pointer, (nuint)buffer.Length);
            }
            while (count < 0 && IsTransient(fd, Readable));
            return (int)count;
        }
    }

    /// <summary>Writes all bytes.</summary>
    /// <returns>0, or the error's number.</returns>
    public static unsafe int WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                nint count = Write(fd, pointer + done, (nuint)(bytes.Length - done));
                if (count < 0 && !IsTransient(fd, Writable))
                {
                    return LinuxError.Last;
                }

                done += Math.Max(count, 0);
            }

            return 0;
        }
    }

    /// <summary>Waits until a descriptor is ready, closed or broken; false when the time was up first.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="events">What for.</param>
    /// <param name="milliseconds">How long; -1 without limit.</param>
    public static bool WaitFor(int fd, short events, int milliseconds)
    {
        var poll = new PollDescriptor { Fd = fd, Events = events };
        return Poll(ref poll, 1, milliseconds) > 0;
    }

    /// <summary>Waits until one of some descriptors is ready: how many are, or a negative number on an error.</summary>
    /// <param name="descriptors">The descriptors.</param>
    /// <param name="milliseconds">How long; -1 without limit.</param>
    public static int Poll(Span<PollDescriptor> descriptors, int milliseconds) =>
        Poll(ref MemoryMarshal.GetReference(descriptors), (nuint)descriptors.Length, milliseconds);

    /// <summary>lseek.</summary>
    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int origin);

    /// <summary>ftruncate.</summary>
    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int SetLength(int fd, nint length);

    /// <summary>close.</summary>
    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    // A descriptor shared with another program may have been made non-blocking: then it has to be waited for.
    private static bool IsTransient(int fd, short events)
    {
        int error = LinuxError.Last;
        if (error == LinuxError.TryAgain)
        {
            WaitFor(fd, events, -1);
        }

        return error is LinuxError.TryAgain or LinuxError.Interrupted;
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int directory, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int directory, string path, int flags, uint wanted, byte* status);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int fd, int command, int value);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint Read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint Write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeout);

}

/// <summary>struct pollfd.</summary>
public struct PollDescriptor
{
    /// <summary>The descriptor.</summary>
    public int Fd;

    /// <summary>What is waited for.</summary>
    public short Events;

    /// <summary>What has come.</summary>
    public short Returned;
}
