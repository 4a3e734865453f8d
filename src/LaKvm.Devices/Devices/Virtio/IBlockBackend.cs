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

    /// <summary>Whether <see cref="Discard"/> gives anything back.</summary>
    bool CanDiscard => false;

    /// <summary>
    /// Makes a range read as zeros without being sent them; false if it cannot, and then nothing has changed.
    /// </summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="mayDiscard">Whether the room that it takes may be given back.</param>
    bool TryWriteZeroes(ulong offset, ulong length, bool mayDiscard) => false;

    /// <summary>Nobody wants to know any more what is in a range: the room that it takes may be given back.</summary>
    void Discard(ulong offset, ulong length)
    {
    }

    /// <summary>Returns when everything written is safe against a power failure.</summary>
    void Flush();
}
