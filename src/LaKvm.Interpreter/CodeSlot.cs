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

    /// <summary>What the loop switches on; <see cref="Isa.Opcode.Invalid"/> (0) is a slot that is not decoded yet.</summary>
    [FieldOffset(6)] public Opcode Action;

    /// <summary>Same as <see cref="Instruction.Imm"/>, but in bytes of slots for a near branch.</summary>
    [FieldOffset(8)] public int Imm;

    /// <summary>Same as <see cref="Instruction.Word"/>.</summary>
    [FieldOffset(12)] public uint Word;
}

/// <summary>
/// The actions of <see cref="CodeSlot.Action"/> that are not the opcode of a base instruction. They take the numbers of
/// the rows behind the base instructions, which are never actions, so that the loop's switch is one dense table.
/// </summary>
internal static class SlotAction
{
    /// <summary>The slot is to be decoded; must be 0, what fresh memory is filled with.</summary>
    public const Opcode Decode = Opcode.Invalid;

    /// <summary>The last row whose opcode is its action.</summary>
    public const Opcode LastBase = Opcode.Bgeu;

    /// <summary>Behind the last slot of a page.</summary>
    public const Opcode PageEnd = LastBase + 1;

    /// <summary>The budget ends before this slot.</summary>
    public const Opcode Stop = LastBase + 2;

    /// <summary>Calls the handler.</summary>
    public const Opcode Call = LastBase + 3;

    /// <summary>Calls the handler if the FPU is enabled.</summary>
    public const Opcode CallFp = LastBase + 4;

    /// <summary>Calls the handler if LSX is enabled.</summary>
    public const Opcode CallLsx = LastBase + 5;

    /// <summary>Calls the handler if LASX is enabled.</summary>
    public const Opcode CallLasx = LastBase + 6;

    /// <summary>Calls the handler with the instruction count settled (it reads the time).</summary>
    public const Opcode CallSettled = LastBase + 7;

    /// <summary>Calls the handler, settled, at privilege level 0 only.</summary>
    public const Opcode CallPrivileged = LastBase + 8;

    /// <summary>b inside the page; this one and those below move the slot pointer by Imm.</summary>
    public const Opcode NearB = LastBase + 9;

    /// <summary>bl inside the page.</summary>
    public const Opcode NearBl = LastBase + 10;

    /// <summary>beqz inside the page.</summary>
    public const Opcode NearBeqz = LastBase + 11;

    /// <summary>bnez inside the page.</summary>
    public const Opcode NearBnez = LastBase + 12;

    /// <summary>beq inside the page.</summary>
    public const Opcode NearBeq = LastBase + 13;

    /// <summary>bne inside the page.</summary>
    public const Opcode NearBne = LastBase + 14;

    /// <summary>blt inside the page.</summary>
    public const Opcode NearBlt = LastBase + 15;

    /// <summary>bge inside the page.</summary>
    public const Opcode NearBge = LastBase + 16;

    /// <summary>bltu inside the page.</summary>
    public const Opcode NearBltu = LastBase + 17;

    /// <summary>bgeu inside the page.</summary>
    public const Opcode NearBgeu = LastBase + 18;

    /// <summary>bceqz inside the page.</summary>
    public const Opcode NearBceqz = LastBase + 19;

    /// <summary>bcnez inside the page.</summary>
    public const Opcode NearBcnez = LastBase + 20;

    /// <summary>fld.s, if the FPU is enabled; so the next three.</summary>
    public const Opcode FldS = LastBase + 21;

    /// <summary>fld.d.</summary>
    public const Opcode FldD = LastBase + 22;

    /// <summary>fst.s.</summary>
    public const Opcode FstS = LastBase + 23;

    /// <summary>fst.d.</summary>
    public const Opcode FstD = LastBase + 24;
}
