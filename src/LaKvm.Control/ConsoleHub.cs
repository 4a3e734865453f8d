namespace LaKvm.Control;

/// <summary>
/// The guest's console for others than the terminal: what it has sent last is kept, and each client reads at its own
/// speed. One that is too slow misses something; the guest never waits.
/// </summary>
/// <param name="deliver">Hands bytes to the guest and says how many it took.</param>
public sealed class ConsoleHub(Func<byte[], int> deliver)
{
    private const int Capacity = 1 << 16;

    private readonly byte[] _kept = new byte[Capacity];
    private readonly Lock _typing = new();
    private long _sent;

    /// <summary>Bytes that the guest has sent so far.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Takes a byte of the guest's; on the one thread that sends.</summary>
    public void Write(byte value)
    {
        long sent = _sent;
        _kept[sent % Capacity] = value;
        Volatile.Write(ref _sent, sent + 1);
    }

    /// <summary>Reads on from a position, or from the oldest byte that is still there, and moves it.</summary>
    /// <returns>What there is; nothing where nothing new is.</returns>
    public byte[] Read(ref long position)
    {
        long end = Sent;
        // What is overwritten while it is read is left out: a quarter is far more than can come meanwhile.
        long begin = Math.Max(position, end - (Capacity * 3 / 4));
        byte[] bytes = new byte[end - begin];
        for (int n = 0; n < bytes.Length; n++)
        {
            bytes[n] = _kept[(begin + n) % Capacity];
        }

        position = end;
        return bytes;
    }

    /// <summary>Types at the console: hands over what the guest takes now, and returns how much that was.</summary>
    public int Type(byte[] bytes)
    {
        lock (_typing)
        {
            return deliver(bytes);
        }
    }
}
