using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>
/// Where things are while blocks run, in QEMU (Runner/blocks.c has the same numbers) and on our cores, and the words
/// around a block.
/// </summary>
internal static class Layout
{
    /// <summary>Blocks of a batch.</summary>
    public const int Blocks = 1024;

    /// <summary>Bytes of the states of a batch.</summary>
    public const int StatesSize = 0x18_0000;

    /// <summary>
    /// Code of blocks; each lies where no block was before, because QEMU would have to forget that one.
    /// </summary>
    public const ulong Code = 0x400_0000, CodeSize = 0x200_0000;

    /// <summary>
    /// A window for each block of a batch: <see cref="Writable"/> bytes, a read-only page, a page that is not there.
    /// </summary>
    public const ulong Data = 0x800_0000, Window = 0x4000, Writable = 0x2000, Page = 0x1000;

    /// <summary>
    /// Whether QEMU has something else near an address, or may have: what the runner needs, and the program itself
    /// somewhere above the windows. A block that comes there is no test.
    /// </summary>
    public static bool IsForbidden(ulong address) =>
        address - 0x4000 < 0x3000 || address - 0x2ff_f000 < 0x50_0000
        || address - ProgramStart < ProgramEnd - ProgramStart;

    private const ulong ProgramStart = Data + (Blocks * Window), ProgramEnd = 1UL << 48;

    /// <summary>QEMU's block begins by loading the last register; our cores begin behind it.</summary>
    public static readonly uint Prologue = Words.Encode(Opcode.LdptrD, 1, 0, 0x5008);

    /// <summary>
    /// QEMU's block ends by saving one register and leaving with it. The first of these words raises a page fault on
    /// our cores.
    /// </summary>
    public static readonly uint[] Epilogue =
    [
        Words.Encode(Opcode.StptrD, 1, 0, 0x5108), Words.Encode(Opcode.LdptrD, 1, 0, 0x5200),
        Words.Encode(Opcode.Jirl, 0, 1, 0),
    ];
}

/// <summary>Instruction words by operand values.</summary>
internal static class Words
{
    /// <summary>The word of an instruction whose operands are given in the manual's order.</summary>
    public static uint Encode(Opcode opcode, int first = 0, int second = 0, int third = 0, int fourth = 0)
    {
        OpcodeInfo info = opcode.Info();
        ReadOnlySpan<int> values = [first, second, third, fourth];
        uint word = info.Word;
        for (int n = 0; n < info.OperandCount; n++)
        {
            word |= info.OperandAt(n).Insert(values[n]);
        }

        return word;
    }

    /// <summary>The word with another value of one operand.</summary>
    public static uint With(uint word, Operand operand, int value) => (word & ~operand.Mask) | operand.Insert(value);
}
