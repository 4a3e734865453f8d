namespace LaKvm.Memory;

/// <summary>
/// There is no memory left where some was asked for: on the computer, or on the emulated machine. Unlike
/// <see cref="OutOfMemoryException"/>, which is the runtime's own, it is thrown before anything has changed.
/// </summary>
public sealed class MemoryExhaustedException : Exception
{
    /// <summary>Says what could not be had.</summary>
    public MemoryExhaustedException(string message)
        : base(message)
    {
    }
}
