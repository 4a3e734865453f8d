namespace LaKvm.Devices;

/// <summary>
/// A block of memory-mapped registers. The bus only makes accesses of the widths declared when the device was mapped,
/// naturally aligned and inside the window; they come from any core's thread at any time.
/// </summary>
public interface IBusDevice
{
    /// <summary>Reads <paramref name="size"/> (1, 2, 4 or 8) bytes; higher bits of the result are ignored.</summary>
    ulong Read(ulong offset, int size);

    /// <summary>Writes the low <paramref name="size"/> (1, 2, 4 or 8) bytes of <paramref name="value"/>.</summary>
    void Write(ulong offset, int size, ulong value);
}

/// <summary>A block of IOCSR registers: as <see cref="IBusDevice"/>, and the device knows which core asks.</summary>
public interface IIocsrDevice
{
    /// <summary>iocsrrd by <paramref name="core"/>; higher bits of the result are ignored.</summary>
    ulong Read(int core, uint offset, int size);

    /// <summary>iocsrwr by <paramref name="core"/> of the low <paramref name="size"/> bytes.</summary>
    void Write(int core, uint offset, int size, ulong value);
}

/// <summary>Access widths a device takes; each flag's value is the width in bytes.</summary>
[Flags]
public enum AccessWidths : byte
{
    /// <summary>8-bit accesses.</summary>
    Byte = 1,

    /// <summary>16-bit accesses.</summary>
    Half = 2,

    /// <summary>32-bit accesses.</summary>
    Word = 4,

    /// <summary>64-bit accesses.</summary>
    Double = 8,

    /// <summary>Every width.</summary>
    All = Byte | Half | Word | Double,
}
