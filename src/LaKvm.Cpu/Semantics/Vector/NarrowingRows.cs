using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>The shifts whose results are half as wide as their operands.</summary>
internal static class NarrowingRows
{
    public static void Register(VectorRows rows)
    {
        ByRegister(rows);
        ByImmediate(rows);
    }

    private static void ByRegister(VectorRows rows)
    {
        rows.Narrow<ushort, uint, ulong, byte, ushort, uint, ShiftRight, Truncating>(
            Opcode.VsrlnBH, Opcode.XvsrlnBH);
        rows.Narrow<short, int, long, byte, ushort, uint, ShiftRight, Truncating>(
            Opcode.VsranBH, Opcode.XvsranBH);
        rows.Narrow<ushort, uint, ulong, byte, ushort, uint, ShiftRightRounded, Truncating>(
            Opcode.VsrlrnBH, Opcode.XvsrlrnBH);
        rows.Narrow<short, int, long, byte, ushort, uint, ShiftRightRounded, Truncating>(
            Opcode.VsrarnBH, Opcode.XvsrarnBH);
        rows.Narrow<ushort, uint, ulong, sbyte, short, int, ShiftRight, Saturating>(
            Opcode.VssrlnBH, Opcode.XvssrlnBH);
        rows.Narrow<ushort, uint, ulong, byte, ushort, uint, ShiftRight, Saturating>(
            Opcode.VssrlnBuH, Opcode.XvssrlnBuH);
        rows.Narrow<short, int, long, sbyte, short, int, ShiftRight, Saturating>(
            Opcode.VssranBH, Opcode.XvssranBH);
        rows.Narrow<short, int, long, byte, ushort, uint, ShiftRight, Saturating>(
            Opcode.VssranBuH, Opcode.XvssranBuH);
        rows.Narrow<ushort, uint, ulong, sbyte, short, int, ShiftRightRounded, Saturating>(
            Opcode.VssrlrnBH, Opcode.XvssrlrnBH);
        rows.Narrow<ushort, uint, ulong, byte, ushort, uint, ShiftRightRounded, Saturating>(
            Opcode.VssrlrnBuH, Opcode.XvssrlrnBuH);
        rows.Narrow<short, int, long, sbyte, short, int, ShiftRightRounded, Saturating>(
            Opcode.VssrarnBH, Opcode.XvssrarnBH);
        rows.Narrow<short, int, long, byte, ushort, uint, ShiftRightRounded, Saturating>(
            Opcode.VssrarnBuH, Opcode.XvssrarnBuH);
    }

    private static void ByImmediate(VectorRows rows)
    {
        rows.NarrowImmediate<ushort, uint, ulong, UInt128, byte, ushort, uint, ulong, ShiftRight, Truncating>(
            Opcode.VsrlniBH, Opcode.XvsrlniBH);
        rows.NarrowImmediate<short, int, long, Int128, byte, ushort, uint, ulong, ShiftRight, Truncating>(
            Opcode.VsraniBH, Opcode.XvsraniBH);
        rows.NarrowImmediate<ushort, uint, ulong, UInt128, byte, ushort, uint, ulong, ShiftRightRounded, Truncating>(
            Opcode.VsrlrniBH, Opcode.XvsrlrniBH);
        rows.NarrowImmediate<short, int, long, Int128, byte, ushort, uint, ulong, ShiftRightRounded, Truncating>(
            Opcode.VsrarniBH, Opcode.XvsrarniBH);
        rows.NarrowImmediate<ushort, uint, ulong, UInt128, sbyte, short, int, long, ShiftRight, Saturating>(
            Opcode.VssrlniBH, Opcode.XvssrlniBH);
        rows.NarrowImmediate<ushort, uint, ulong, UInt128, byte, ushort, uint, ulong, ShiftRight, Saturating>(
            Opcode.VssrlniBuH, Opcode.XvssrlniBuH);
        rows.NarrowImmediate<short, int, long, Int128, sbyte, short, int, long, ShiftRight, Saturating>(
            Opcode.VssraniBH, Opcode.XvssraniBH);
        rows.NarrowImmediate<short, int, long, Int128, byte, ushort, uint, ulong, ShiftRight, Saturating>(
            Opcode.VssraniBuH, Opcode.XvssraniBuH);
        rows.NarrowImmediate<ushort, uint, ulong, UInt128, sbyte, short, int, long, ShiftRightRounded, Saturating>(
            Opcode.VssrlrniBH, Opcode.XvssrlrniBH);
        rows.NarrowImmediate<ushort, uint, ulong, UInt128, byte, ushort, uint, ulong, ShiftRightRounded, Saturating>(
            Opcode.VssrlrniBuH, Opcode.XvssrlrniBuH);
        rows.NarrowImmediate<short, int, long, Int128, sbyte, short, int, long, ShiftRightRounded, Saturating>(
            Opcode.VssrarniBH, Opcode.XvssrarniBH);
        rows.NarrowImmediate<short, int, long, Int128, byte, ushort, uint, ulong, ShiftRightRounded, Saturating>(
            Opcode.VssrarniBuH, Opcode.XvssrarniBuH);
    }
}
