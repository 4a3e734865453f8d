namespace LaKvm.Conformance.Tests.Board;

/// <summary>An access of core 0 to a device of the board.</summary>
/// <param name="Iocsr">By iocsrrd and iocsrwr, or by load and store.</param>
/// <param name="Write">Write or read.</param>
/// <param name="Address">Where.</param>
/// <param name="Size">1, 2, 4 or 8 bytes, aligned.</param>
/// <param name="Value">What is written.</param>
internal readonly record struct BoardAccess(bool Iocsr, bool Write, uint Address, int Size, ulong Value)
{
    /// <summary>The bits of a value that the access carries.</summary>
    public ulong Carried(ulong value) => Size == 8 ? value : value & ((1UL << (8 * Size)) - 1);

    public override string ToString() =>
        $"{(Iocsr ? "iocsr" : "mmio")} {(Write ? "write" : "read")} 0x{Address:x}, {Size}"
        + (Write ? $" <- 0x{Value:x}" : "");
}

/// <summary>What an access led to.</summary>
/// <param name="Value">What was read; 0 for a write.</param>
/// <param name="Lines">HWI0 to HWI7 and the IPI as bits of core 0's ESTAT afterwards.</param>
internal readonly record struct BoardOutcome(ulong Value, uint Lines)
{
    /// <summary>The bits of ESTAT that come from the board.</summary>
    public const uint LineMask = 0x13fc;

    public override string ToString() => $"0x{Value:x}, ESTAT 0x{Lines:x}";
}

/// <summary>A board that begins each sequence of accesses as after power-on.</summary>
internal interface IBoard : IDisposable
{
    BoardOutcome[] Run(IReadOnlyList<BoardAccess> accesses);
}
