namespace LaKvm.Devices;

/// <summary>
/// What a block device keeps its sectors in. One thread at a time. Ranges are within <see cref="Length"/>; a fault of
/// the host is an <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
public interface IBlockBackend : IDisposable
{
    /// <summary>Bytes, a multiple of 512.</summary>
    ulong Length { get; }

    /// <summary>Whether <see cref="Write"/> must not be called.</summary>
    bool ReadOnly { get; }

    /// <summary>Reads bytes.</summary>
    void Read(ulong offset, Span<byte> destination);

    /// <summary>Writes bytes.</summary>
    void Write(ulong offset, ReadOnlySpan<byte> source);

    /// <summary>Returns when everything written is safe against a power failure.</summary>
    void Flush();
}
