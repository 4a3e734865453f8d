namespace LaKvm.Cli;

/// <summary>What the process tells its caller; the README lists them.</summary>
internal static class ExitCode
{
    /// <summary>The guest powered off, or the user left it with the escape key.</summary>
    internal const int Success = 0;

    /// <summary>Something that the command needs is missing or wrong; one sentence on stderr says what.</summary>
    internal const int Failure = 1;

    /// <summary>The command line cannot be understood.</summary>
    internal const int Usage = 2;

    /// <summary>The guest reset itself under --no-reboot, which is what a panic with panic=N does.</summary>
    internal const int GuestReset = 3;

    /// <summary>An exception that nobody expected: a bug of LaKvm.</summary>
    internal const int InternalError = 70;

    /// <summary>Added to a signal's number when the signal ended the process, as shells do.</summary>
    internal const int SignalBase = 128;
}
