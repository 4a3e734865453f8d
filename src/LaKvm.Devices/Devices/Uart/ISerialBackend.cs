namespace LaKvm.Devices;

/// <summary>The far end of a serial line. Writing must never block: a core waits for it.</summary>
public interface ISerialBackend
{
    /// <summary>Takes a byte that the machine sent.</summary>
    void Write(byte value);
}

/// <summary>A line with nothing at the other end.</summary>
public sealed class NullSerialBackend : ISerialBackend
{
    /// <summary>The only instance needed.</summary>
    public static NullSerialBackend Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(byte value)
    {
    }
}
