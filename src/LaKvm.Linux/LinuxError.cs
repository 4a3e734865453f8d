using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// Error numbers that somebody looks at (errno(3)); they are the same on all of Linux's 64-bit architectures.
/// </summary>
public static class LinuxError
{
    /// <summary>EPERM.</summary>
    public const int NotPermitted = 1;

    /// <summary>ENOENT: there is nothing of that name.</summary>
    public const int NoEntry = 2;

    /// <summary>EINTR: a signal came first.</summary>
    public const int Interrupted = 4;

    /// <summary>ENXIO: a pipe that nobody reads.</summary>
    public const int NoReader = 6;

    /// <summary>EBADF: a descriptor, or a number like one, that stands for nothing, or not for this.</summary>
    public const int BadDescriptor = 9;

    /// <summary>EAGAIN: not now; of a new thread, that there may be no more.</summary>
    public const int TryAgain = 11;

    /// <summary>ENOMEM: no memory, or no addresses for it.</summary>
    public const int NoMemory = 12;

    /// <summary>EACCES: the file's rights do not allow it.</summary>
    public const int AccessDenied = 13;

    /// <summary>EEXIST: there is something of that name.</summary>
    public const int Exists = 17;

    /// <summary>ENOTDIR.</summary>
    public const int NotDirectory = 20;

    /// <summary>EISDIR, which is also what a kernel without O_TMPFILE says.</summary>
    public const int IsDirectory = 21;

    /// <summary>EINVAL.</summary>
    public const int Invalid = 22;

    /// <summary>ENFILE: the computer has no more open files.</summary>
    public const int SystemFiles = 23;

    /// <summary>EMFILE: the process may have no more open files.</summary>
    public const int ProcessFiles = 24;

    /// <summary>EROFS: nothing may change there.</summary>
    public const int ReadOnlyFileSystem = 30;

    /// <summary>EPIPE: nobody reads any more.</summary>
    public const int BrokenPipe = 32;

    /// <summary>ERANGE: the value is longer than the room for it.</summary>
    public const int OutOfRange = 34;

    /// <summary>ENAMETOOLONG.</summary>
    public const int NameTooLong = 36;

    /// <summary>ENOSYS: the kernel has no such call.</summary>
    public const int NoSystemCall = 38;

    /// <summary>ENODATA: there is no such attribute.</summary>
    public const int NoData = 61;

    /// <summary>EPROTO: a message that makes no sense.</summary>
    public const int Protocol = 71;

    /// <summary>EMSGSIZE: a message that is too long, or says so of itself.</summary>
    public const int MessageSize = 90;

    /// <summary>EOPNOTSUPP: the file system cannot do it.</summary>
    public const int NotSupported = 95;

    /// <summary>ESTALE: it is no longer where it was.</summary>
    public const int Stale = 116;

    /// <summary>The number that the calling thread's last call left behind.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>What a number means, as Linux's tools say it.</summary>
    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);
}

/// <summary>A call into the kernel failed; the message says which limit or fault it was.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>A call failed.</summary>
    /// <param name="what">What could not be done, as the beginning of a sentence.</param>
    /// <param name="error">The error's number; by default the calling thread's last.</param>
    public LinuxException(string what, int? error = null)
        : this(what, Described(error ?? LinuxError.Last))
    {
    }

    private LinuxException(string what, (int Number, string Words) error)
        : base($"{what}: {error.Words}") => Error = error.Number;

    /// <summary>The error's number.</summary>
    public int Error { get; }

    private static (int Number, string Words) Described(int error) => (error, error switch
    {
        LinuxError.ProcessFiles or LinuxError.SystemFiles => ResourceLimits.OpenFilesExhausted(error),
        _ => LinuxError.Describe(error),
    });
}
