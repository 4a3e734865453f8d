namespace LaKvm.Devices;

/// <summary>
/// The board's two banks of flash. The first holds the firmware's code and is write-protected: cores execute from it,
/// and what they write to it goes nowhere. The second holds the firmware's variables.
/// </summary>
/// <param name="code">The first bank's content; it ends where that ends.</param>
/// <param name="variables">The second bank's content.</param>
public sealed class Flash(ReadOnlyMemory<byte> code, FlashContent variables) : IBusDevice, IDeviceState
{
    /// <summary>Bytes of a bank.</summary>
    public const int BankSize = 16 << 20;

    private readonly CfiFlash _variables = new(variables);

    /// <inheritdoc/>
    public void Reset() => _variables.Reset();

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        if (offset >= BankSize)
        {
            return _variables.Read((int)offset - BankSize, size);
        }

        ulong value = 0;
        for (int i = 0; i < size && (int)offset + i < code.Length; i++)
        {
            value |= (ulong)code.Span[(int)offset + i] << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset >= BankSize)
        {
            _variables.Write((int)offset - BankSize, size, (uint)value);
        }
    }
}
