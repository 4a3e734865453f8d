namespace LaKvm.User;

/// <summary>A program cannot be started; the message says why.</summary>
/// <param name="message">One sentence without its end.</param>
/// <param name="error">The error's number, as execve(2) returns it: negative.</param>
public sealed class UserProgramException(string message, long error) : Exception(message)
{
    /// <summary>The error's number, negative.</summary>
    public long Error { get; } = error;
}
