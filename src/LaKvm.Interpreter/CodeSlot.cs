using System.Runtime.InteropServices;
using LaKvm.Isa;

namespace LaKvm.Interpreter;

/// <summary>
/// One instruction as the loop executes it: a decoded <see cref="Isa.Instruction"/> whose two unused bytes say what the
/// loop does with it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 1 << SizeShift)]
internal struct CodeSlot
{
    /// <summary>log2 of the size; an instruction takes 4 bytes, so slots grow 4 times as fast as the PC.</summary>
    public const int SizeShift = 4;

    /// <summary>The instruction; a handler gets its address.</summary>
    [FieldOffset(0)] public Instruction Instruction;

    /// <summary>Same as <see cref="Instruction.Opcode"/>.</summary>
    [FieldOffset(0)] public Opcode Opcode;

    /// <summary>Same as <see cref="Instruction.D"/>, r0 redirected to the sink.</summary>
    [FieldOffset(2)] public byte D;

    /// <summary>Same as <see cref="Instruction.J"/>.</summary>
    [FieldOffset(3)] public byte J;

    /// <summary>Same as <see cref="Instruction.K"/>.</summary>
    [FieldOffset(4)] public byte K;

    /// <summary>Same as <see cref="Instruction.A"/>.</summary>
    [FieldOffset(5)] public byte A;

    /// <summary>What the loop switches on.</summary>
    [FieldOffset(6)] public SlotAction Action;

    /// <summary>Same as <see cref="Instruction.Imm"/>, but in bytes of slots for a near branch.</summary>
    [FieldOffset(8)] public int Imm;

    /// <summary>Same as <see cref="Instruction.Word"/>.</summary>
    [FieldOffset(12)] public uint Word;
}
