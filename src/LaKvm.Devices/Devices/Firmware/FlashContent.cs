namespace LaKvm.Devices;

/// <summary>What a flash chip holds; it outlives the machine whose chip it is.</summary>
/// <param name="bytes">The content, <see cref="Flash.BankSize"/> bytes.</param>
/// <param name="save">Told which bytes have changed, on the thread that changes them; null if nobody keeps it.</param>
public sealed class FlashContent(byte[] bytes, Action<int, ReadOnlyMemory<byte>>? save = null)
{
    /// <summary>The content.</summary>
    internal Span<byte> Bytes => bytes;

    /// <summary>Changes a part, and has it kept.</summary>
    internal void Write(int offset, ReadOnlySpan<byte> part)
    {
        part.CopyTo(bytes.AsSpan(offset));
        save?.Invoke(offset, bytes.AsMemory(offset, part.Length));
    }
}
