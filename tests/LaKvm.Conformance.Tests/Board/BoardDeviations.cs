namespace LaKvm.Conformance.Tests.Board;

/// <summary>
/// Where our board is not QEMU's, and why. Some differences are kept out of the sequences, others out of the
/// comparison.
/// </summary>
internal static class BoardDeviations
{
    private const uint Pic = 0x1000_0000, PicMask = Pic + 0x20, PicVectors = Pic + 0x200,
        CoreIsr = 0x1800, Uart = 0x1fe0_01e0;

    /// <summary>
    /// Comes before every sequence. After reset QEMU's PCH-PIC has the vectors 0, ours the pins' own numbers, as
    /// Linux's KVM; its UARTs have OUT2 set and a divisor of 12, ours what the data sheet's table 1 says.
    /// </summary>
    public static BoardAccess[] Prologue { get; } =
    [
        .. Enumerable.Range(0, 32).Select(pin => Store(PicVectors + (uint)pin, (uint)pin)),
        Store(Uart + 4, 0), Store(Uart + 3, 0x80), Store(Uart, 0), Store(Uart + 1, 0), Store(Uart + 3, 0),
        Store(Uart + 2, 7),
    ];

    /// <summary>
    /// What comes before an access. QEMU sends a pin's message again whenever its device updates the pin, even if that
    /// stays high; hardware and Linux's drivers have one message for a rise (7A1000 manual, "Detailed description of
    /// interrupt handling process"). While the pins are masked none is sent: acknowledging a vector, or giving a pin
    /// another one, comes behind masking, as drivers do it.
    /// </summary>
    public static BoardAccess[] Before(BoardAccess access) =>
        access.Write && (access.Iocsr ? access.Address - CoreIsr < 0x20 : access.Address - PicVectors < 0x40)
            ? [new BoardAccess(false, true, PicMask, 4, uint.MaxValue)]
            : [];

    // Not in the sequences at all:
    // - the pin map and the edges change at the start only: with something pending QEMU leaves the old line raised, or
    //   a latch;
    // - a pin has a vector below 32: QEMU has no more wires from its PCH-PIC;
    // - one pin asks at a time: of a mask or clear of several QEMU carries out only the lowest;
    // - IPI_EN is written at the start only: QEMU looks at it when a bit is set, and not when it changes;
    // - 0x420, whose bit 48 gates here, as the manual says, and not in QEMU; other chip registers, which name other
    //   features;
    // - the node map, more than one node, and bounce: QEMU stores them only;
    // - writes to the RTC: QEMU's is off and takes no match values, ours runs, as firmware leaves it; both interrupt
    //   in real time;
    // - widths that QEMU answers with a bus error;
    // - FIFO triggers above 1: below them QEMU waits for the character timeout in real time, which has always passed
    //   here;
    // - the UART without its FIFO, whose data register QEMU lets show the last byte for ever; a reset of its
    //   transmitter, which makes QEMU raise the transmit interrupt; break, which QEMU hands to its backend;
    // - the modem interrupt: QEMU has no deltas in loop-back mode.
    private static readonly (string Reason, Func<BoardAccess, bool> Applies)[] NotCompared =
    [
        ("QEMU's PCH-PIC does not show its requests", a => !a.Iocsr && a.Address == Pic + 0x380),
        ("no deltas in QEMU's modem status in loop-back mode", a => !a.Iocsr && a.Address == Uart + 6),
    ];

    /// <summary>Whether what this access reads is compared.</summary>
    public static bool Compares(BoardAccess access) =>
        !access.Write && !Array.Exists(NotCompared, rule => rule.Applies(access));

    private static BoardAccess Store(uint address, ulong value) => new(false, true, address, 1, value);
}
