namespace LaKvm.Devices;

/// <summary>
/// The messages of a function that has MSI-X (PCI Local Bus 3.0, 6.8.2): a table of address, data and mask for each
/// vector, which software fills, and a bit for each that waits to be sent. Accesses of 32 bits, from any thread.
/// </summary>
internal sealed class MsixTable : IBusDevice
{
    /// <summary>Bytes of the base address range that holds table and pending bits.</summary>
    internal const ulong Size = 0x1000;

    /// <summary>Where the pending bits are in it.</summary>
    internal const uint PendingBits = 0x800;

    /// <summary>Most vectors that fit.</summary>
    internal const int MaxVectors = (int)PendingBits / EntrySize;

    private const int EntrySize = 16, AddressLow = 0, AddressHigh = 1, Data = 2, Control = 3;
    private const uint Masked = 1;

    private readonly Lock _lock = new();
    private readonly PciMessages _messages;
    private readonly uint[] _entries;
    private readonly ulong[] _pending = new ulong[MaxVectors / 64];
    private volatile bool _enabled;
    private bool _functionMasked;

    internal MsixTable(int vectors, PciMessages messages)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors, MaxVectors);
        _messages = messages;
        Vectors = vectors;
        _entries = new uint[vectors * EntrySize / sizeof(uint)];
        Reset();
    }

    /// <summary>Number of vectors.</summary>
    internal int Vectors { get; }

    /// <summary>Whether messages are used in place of the pin.</summary>
    internal bool Enabled => _enabled;

    /// <summary>Sends a vector's message now, or once nothing masks it; none while messages are off.</summary>
    internal void Raise(int vector)
    {
        lock (_lock)
        {
            if (_enabled && vector < Vectors)
            {
                _pending[vector / 64] |= 1UL << (vector % 64);
                SendIfPossible(vector);
            }
        }
    }

    /// <summary>Software has written the message control register.</summary>
    internal void Configure(bool enabled, bool functionMasked)
    {
        lock (_lock)
        {
            _enabled = enabled;
            _functionMasked = functionMasked;
            for (int vector = 0; vector < Vectors; vector++)
            {
                SendIfPossible(vector);
            }
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_lock)
        {
            ulong index = offset / sizeof(uint);
            ulong pending = (offset - PendingBits) / sizeof(ulong);
            return index < (ulong)_entries.Length ? _entries[index]
                : offset >= PendingBits && pending < (ulong)_pending.Length
                    ? (uint)(_pending[pending] >> (8 * (int)(offset & 4)))
                : 0;
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            ulong index = offset / sizeof(uint);
            if (index < (ulong)_entries.Length)
            {
                uint writable = (index % 4) switch { AddressLow => ~3u, Control => Masked, _ => uint.MaxValue };
                _entries[index] = (uint)value & writable;
                SendIfPossible((int)(index / 4));
            }
        }
    }

    /// <summary>As after power-on: off, and every vector masked.</summary>
    internal void Reset()
    {
        lock (_lock)
        {
            _enabled = _functionMasked = false;
            Array.Clear(_entries);
            Array.Clear(_pending);
            for (int vector = 0; vector < Vectors; vector++)
            {
                Word(vector, Control) = Masked;
            }
        }
    }

    private ref uint Word(int vector, int word) => ref _entries[(vector * EntrySize / sizeof(uint)) + word];

    private void SendIfPossible(int vector)
    {
        ulong bit = 1UL << (vector % 64);
        ref ulong pending = ref _pending[vector / 64];
        if (_enabled && !_functionMasked && (pending & bit) != 0 && (Word(vector, Control) & Masked) == 0)
        {
            pending &= ~bit;
            _messages.Send(Word(vector, AddressLow) | ((ulong)Word(vector, AddressHigh) << 32), Word(vector, Data));
        }
    }
}
