using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>The rows whose results are twice as wide as their operands.</summary>
internal static unsafe class WideningRows
{
    public static void Register(VectorRows rows)
    {
        Sums(rows);
        Products(rows);
        Extensions(rows);
        ExtensionsOfBothLanes(rows);
    }

    private static void Sums(VectorRows rows)
    {
        rows.WidenSigned<Fresh<Add>, Even, Even>(Opcode.VaddwevHB, Opcode.XvaddwevHB);
        rows.WidenUnsigned<Fresh<Add>, Even, Even>(Opcode.VaddwevHBu, Opcode.XvaddwevHBu);
        rows.WidenMixed<Fresh<Add>, Even>(Opcode.VaddwevHBuB, Opcode.XvaddwevHBuB);
        rows.WidenSigned<Fresh<Add>, Odd, Odd>(Opcode.VaddwodHB, Opcode.XvaddwodHB);
        rows.WidenUnsigned<Fresh<Add>, Odd, Odd>(Opcode.VaddwodHBu, Opcode.XvaddwodHBu);
        rows.WidenMixed<Fresh<Add>, Odd>(Opcode.VaddwodHBuB, Opcode.XvaddwodHBuB);
        rows.WidenSigned<Fresh<Subtract>, Even, Even>(Opcode.VsubwevHB, Opcode.XvsubwevHB);
        rows.WidenUnsigned<Fresh<Subtract>, Even, Even>(Opcode.VsubwevHBu, Opcode.XvsubwevHBu);
        rows.WidenSigned<Fresh<Subtract>, Odd, Odd>(Opcode.VsubwodHB, Opcode.XvsubwodHB);
        rows.WidenUnsigned<Fresh<Subtract>, Odd, Odd>(Opcode.VsubwodHBu, Opcode.XvsubwodHBu);
        rows.WidenSigned<Fresh<Add>, Odd, Even>(Opcode.VhaddwHB, Opcode.XvhaddwHB);
        rows.WidenUnsigned<Fresh<Add>, Odd, Even>(Opcode.VhaddwHuBu, Opcode.XvhaddwHuBu);
        rows.WidenSigned<Fresh<Subtract>, Odd, Even>(Opcode.VhsubwHB, Opcode.XvhsubwHB);
        rows.WidenUnsigned<Fresh<Subtract>, Odd, Even>(Opcode.VhsubwHuBu, Opcode.XvhsubwHuBu);
    }

    private static void Products(VectorRows rows)
    {
        rows.WidenSigned<Fresh<Multiply>, Even, Even>(Opcode.VmulwevHB, Opcode.XvmulwevHB);
        rows.WidenUnsigned<Fresh<Multiply>, Even, Even>(Opcode.VmulwevHBu, Opcode.XvmulwevHBu);
        rows.WidenMixed<Fresh<Multiply>, Even>(Opcode.VmulwevHBuB, Opcode.XvmulwevHBuB);
        rows.WidenSigned<Fresh<Multiply>, Odd, Odd>(Opcode.VmulwodHB, Opcode.XvmulwodHB);
        rows.WidenUnsigned<Fresh<Multiply>, Odd, Odd>(Opcode.VmulwodHBu, Opcode.XvmulwodHBu);
        rows.WidenMixed<Fresh<Multiply>, Odd>(Opcode.VmulwodHBuB, Opcode.XvmulwodHBuB);
        rows.WidenSigned<MultiplyAdd, Even, Even>(Opcode.VmaddwevHB, Opcode.XvmaddwevHB);
        rows.WidenUnsigned<MultiplyAdd, Even, Even>(Opcode.VmaddwevHBu, Opcode.XvmaddwevHBu);
        rows.WidenMixed<MultiplyAdd, Even>(Opcode.VmaddwevHBuB, Opcode.XvmaddwevHBuB);
        rows.WidenSigned<MultiplyAdd, Odd, Odd>(Opcode.VmaddwodHB, Opcode.XvmaddwodHB);
        rows.WidenUnsigned<MultiplyAdd, Odd, Odd>(Opcode.VmaddwodHBu, Opcode.XvmaddwodHBu);
        rows.WidenMixed<MultiplyAdd, Odd>(Opcode.VmaddwodHBuB, Opcode.XvmaddwodHBuB);
    }

    private static void Extensions(VectorRows rows)
    {
        rows.Lanes<Extend<sbyte, short, HighHalf>>(Opcode.VexthHB, Opcode.XvexthHB);
        rows.Lanes<Extend<sbyte, short, LowHalf>>(Opcode.VsllwilHB, Opcode.XvsllwilHB);
        rows.Lanes<Extend<byte, ushort, HighHalf>>(Opcode.VexthHuBu, Opcode.XvexthHuBu);
        rows.Lanes<Extend<byte, ushort, LowHalf>>(Opcode.VsllwilHuBu, Opcode.XvsllwilHuBu);
        rows.Lanes<Extend<short, int, HighHalf>>(Opcode.VexthWH, Opcode.XvexthWH);
        rows.Lanes<Extend<short, int, LowHalf>>(Opcode.VsllwilWH, Opcode.XvsllwilWH);
        rows.Lanes<Extend<ushort, uint, HighHalf>>(Opcode.VexthWuHu, Opcode.XvexthWuHu);
        rows.Lanes<Extend<ushort, uint, LowHalf>>(Opcode.VsllwilWuHu, Opcode.XvsllwilWuHu);
        rows.Lanes<Extend<int, long, HighHalf>>(Opcode.VexthDW, Opcode.XvexthDW);
        rows.Lanes<Extend<int, long, LowHalf>>(Opcode.VsllwilDW, Opcode.XvsllwilDW);
        rows.Lanes<Extend<uint, ulong, HighHalf>>(Opcode.VexthDuWu, Opcode.XvexthDuWu);
        rows.Lanes<Extend<uint, ulong, LowHalf>>(Opcode.VsllwilDuWu, Opcode.XvsllwilDuWu);
        rows.Lanes<Extend<long, Int128, HighHalf>>(Opcode.VexthQD, Opcode.XvexthQD);
        rows.Lanes<Extend<long, Int128, LowHalf>>(Opcode.VextlQD, Opcode.XvextlQD);
        rows.Lanes<Extend<ulong, UInt128, HighHalf>>(Opcode.VexthQuDu, Opcode.XvexthQuDu);
        rows.Lanes<Extend<ulong, UInt128, LowHalf>>(Opcode.VextlQuDu, Opcode.XvextlQuDu);
    }

    private static void ExtensionsOfBothLanes(VectorRows rows)
    {
        rows.Table[Opcode.Vext2xvHB] = &CrossLaneHandlers.Extend<sbyte, short>;
        rows.Table[Opcode.Vext2xvWB] = &CrossLaneHandlers.Extend<sbyte, int>;
        rows.Table[Opcode.Vext2xvDB] = &CrossLaneHandlers.Extend<sbyte, long>;
        rows.Table[Opcode.Vext2xvWH] = &CrossLaneHandlers.Extend<short, int>;
        rows.Table[Opcode.Vext2xvDH] = &CrossLaneHandlers.Extend<short, long>;
        rows.Table[Opcode.Vext2xvDW] = &CrossLaneHandlers.Extend<int, long>;
        rows.Table[Opcode.Vext2xvHuBu] = &CrossLaneHandlers.Extend<byte, ushort>;
        rows.Table[Opcode.Vext2xvWuBu] = &CrossLaneHandlers.Extend<byte, uint>;
        rows.Table[Opcode.Vext2xvDuBu] = &CrossLaneHandlers.Extend<byte, ulong>;
        rows.Table[Opcode.Vext2xvWuHu] = &CrossLaneHandlers.Extend<ushort, uint>;
        rows.Table[Opcode.Vext2xvDuHu] = &CrossLaneHandlers.Extend<ushort, ulong>;
        rows.Table[Opcode.Vext2xvDuWu] = &CrossLaneHandlers.Extend<uint, ulong>;
    }
}
