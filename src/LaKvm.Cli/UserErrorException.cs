namespace LaKvm.Cli;

/// <summary>A mistake that the user can mend. The message is the whole sentence that the user reads.</summary>
internal sealed class UserErrorException(string message, int exitCode = ExitCode.Failure) : Exception(message)
{
    /// <summary>The process's exit code.</summary>
    internal int ExitCode { get; } = exitCode;
}
