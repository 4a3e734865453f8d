namespace LaKvm.Boot;

/// <summary>
/// What the user gave to boot cannot be booted: a damaged or foreign image, something that does not fit into RAM.
/// <see cref="Exception.Message"/> is one sentence for the user.
/// </summary>
public sealed class ImageException : Exception
{
    /// <summary>A refusal without another error behind it.</summary>
    public ImageException(string message)
        : base(message)
    {
    }

    /// <summary>A refusal because of <paramref name="cause"/>, such as an I/O error.</summary>
    public ImageException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
