using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// Error numbers that somebody looks at (errno(3)); they are the same on all of Linux's 64-bit architectures.
/// </summary>
public static class LinuxError
{
    /// <summary>EPERM.</summary>
    public const int NotPermitted = 1;

    /// <summary>EINTR: a signal came first.</summary>
    public const int Interrupted = 4;

    /// <summary>ENXIO: a pipe that nobody reads.</summary>
    public const int NoReader = 6;

    /// <summary>EAGAIN: not now; of a new thread, that there may be no more.</summary>
    public const int TryAgain = 11;

    /// <summary>ENOMEM: no memory, or no addresses for it.</summary>
    public const int NoMemory = 12;

    /// <summary>EISDIR, which is also what a kernel without O_TMPFILE says.</summary>
    public const int IsDirectory = 21;

    /// <summary>EINVAL.</summary>
    public const int Invalid = 22;

    /// <summary>ENFILE: the computer has no more open files.</summary>
    public const int SystemFiles = 23;

    /// <summary>EMFILE: the process may have no more open files.</summary>
    public const int ProcessFiles = 24;

    /// <summary>EPIPE: nobody reads any more.</summary>
    public const int BrokenPipe = 32;

    /// <summary>ENOSYS: the kernel has no such call.</summary>
    public const int NoSystemCall = 38;

    /// <summary>EOPNOTSUPP: the file system cannot do it.</summary>
    public const int NotSupported = 95;

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
