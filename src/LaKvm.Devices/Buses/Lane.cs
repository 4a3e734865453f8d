namespace LaKvm.Devices;

/// <summary>Bit helpers of the register files.</summary>
internal static class Bits
{
    /// <summary>The low <paramref name="size"/> bytes of a value.</summary>
    internal static ulong Low(ulong value, int size) => size == 8 ? value : value & ((1UL << (8 * size)) - 1);
}

/// <summary>
/// An aligned access of 1 to 8 bytes seen from the 64-bit register that contains it, as the bus carries it: a data word
/// and its byte enables. Register files that are written once in these terms take every width.
/// </summary>
internal readonly struct Lane
{
    /// <summary>
    /// A write of <paramref name="size"/> bytes of <paramref name="value"/> at <paramref name="offset"/>.
    /// </summary>
    internal Lane(ulong offset, int size, ulong value)
    {
        int shift = (int)(offset & 7) * 8;
        Register = offset & ~7UL;
        Mask = Bits.Low(ulong.MaxValue, size) << shift;
        Value = (value << shift) & Mask;
    }

    /// <summary>Offset of the 64-bit register.</summary>
    internal ulong Register { get; }

    /// <summary>The bits written, as 1.</summary>
    internal ulong Mask { get; }

    /// <summary>The data at their place, 0 where not written.</summary>
    internal ulong Value { get; }

    /// <summary>A plain register after this write.</summary>
    internal ulong Merge(ulong old) => (old & ~Mask) | Value;

    /// <summary>What a read at <paramref name="offset"/> sees of its 64-bit register, in the low bits.</summary>
    internal static ulong Extract(ulong register, ulong offset) => register >> ((int)(offset & 7) * 8);
}
