namespace LaKvm.Devices;

/// <summary>Physical addresses [<paramref name="Base"/>, <paramref name="Base"/> + <paramref name="Size"/>).</summary>
/// <param name="Base">First address.</param>
/// <param name="Size">Bytes; <paramref name="Base"/> + <paramref name="Size"/> does not wrap.</param>
public readonly record struct RamRange(ulong Base, ulong Size)
{
    /// <summary>First address behind the range.</summary>
    public ulong End => Base + Size;

    /// <summary>True if all bytes of <paramref name="other"/> are in this range.</summary>
    public bool Contains(RamRange other) => other.Base >= Base && other.End <= End && other.End >= other.Base;

    /// <summary>True if the ranges share a byte.</summary>
    public bool Overlaps(RamRange other) => Base < other.End && other.Base < End;
}
