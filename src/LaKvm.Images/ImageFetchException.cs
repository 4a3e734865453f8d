namespace LaKvm.Images;

/// <summary>
/// Images cannot be had: no network, no mirror, a tool is missing. <see cref="Exception.Message"/> is one sentence for
/// the user.
/// </summary>
public sealed class ImageFetchException : Exception
{
    /// <summary>A failure without another error behind it.</summary>
    public ImageFetchException(string message)
        : base(message)
    {
    }

    /// <summary>A failure because of <paramref name="cause"/>.</summary>
    public ImageFetchException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
