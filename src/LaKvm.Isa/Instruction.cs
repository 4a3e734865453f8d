using System.Runtime.InteropServices;

namespace LaKvm.Isa;

/// <summary>
/// One decoded instruction: 16 bytes, the unit that the interpreter executes and the translator reads.
/// </summary>
/// <remarks>
/// <see cref="D"/>, <see cref="J"/>, <see cref="K"/> and <see cref="A"/> hold the register numbers of the operand slots
/// at bits 0, 5, 10 and 15. In a row with two immediates the first one of the manual's syntax is in
/// <see cref="Imm"/> and the second one in <see cref="A"/>.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct Instruction
{
    /// <summary>The row of the instruction table; <see cref="Isa.Opcode.Invalid"/> for a word that is none.</summary>
    [FieldOffset(0)] public Opcode Opcode;

    /// <summary>Register slot at bits 4:0 (rd, fd, vd, xd, cd, or a 5-bit code such as cacop's).</summary>
    [FieldOffset(2)] public byte D;

    /// <summary>Register slot at bits 9:5.</summary>
    [FieldOffset(3)] public byte J;

    /// <summary>Register slot at bits 14:10.</summary>
    [FieldOffset(4)] public byte K;

    /// <summary>Register slot at bits 19:15, or the second immediate of a row that has two.</summary>
    [FieldOffset(5)] public byte A;

    /// <summary>The first immediate: extended as the row says and scaled (branch offsets in bytes).</summary>
    [FieldOffset(8)] public int Imm;

    /// <summary>The instruction word itself (BADI of an exception).</summary>
    [FieldOffset(12)] public uint Word;
}
