using System.Runtime.InteropServices;

namespace LaKvm.Cli;

/// <summary>What the process tells its caller; the README lists them.</summary>
internal static class ExitCode
{
    /// <summary>The guest powered off, or the user left it with the escape key.</summary>
    internal const int Success = 0;

    /// <summary>
    /// Something that the command needs is missing or wrong, or the guest's output cannot be written; one sentence on
    /// stderr says what.
    /// </summary>
    internal const int Failure = 1;

    /// <summary>The command line cannot be understood.</summary>
    internal const int Usage = 2;

    /// <summary>The guest reset itself under --no-reboot, which is what a panic with panic=N does.</summary>
    internal const int GuestReset = 3;

    /// <summary>An exception that nobody expected: a bug of LaKvm.</summary>
    internal const int InternalError = 70;

    /// <summary>The time that --timeout gave was up, as timeout(1) says it.</summary>
    internal const int Timeout = 124;

    /// <summary>128 and the signal's number, as shells report the end of a process by a signal.</summary>
    internal static int OfSignal(PosixSignal signal) => 128 + signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGQUIT => 3,
        PosixSignal.SIGTERM => 15,
        _ => 0,
    };
}
