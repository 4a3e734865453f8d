using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>The rows that work on elements of one size.</summary>
internal static class IntegerRows
{
    public static void Register(VectorRows rows)
    {
        Arithmetic(rows);
        Multiplications(rows);
        Compares(rows);
        Shifts(rows);
        BitOperations(rows);
        Logic(rows);
    }

    private static void Arithmetic(VectorRows rows)
    {
        rows.Unsigned<Add>(Opcode.VaddB, Opcode.XvaddB);
        rows.Unsigned<Subtract>(Opcode.VsubB, Opcode.XvsubB);
        rows.Signed<AddSaturated>(Opcode.VsaddB, Opcode.XvsaddB);
        rows.Unsigned<AddSaturated>(Opcode.VsaddBu, Opcode.XvsaddBu);
        rows.Signed<SubtractSaturated>(Opcode.VssubB, Opcode.XvssubB);
        rows.Unsigned<SubtractSaturated>(Opcode.VssubBu, Opcode.XvssubBu);
        rows.Signed<AddAbsolute>(Opcode.VaddaB, Opcode.XvaddaB);
        rows.Signed<AbsoluteDifference>(Opcode.VabsdB, Opcode.XvabsdB);
        rows.Unsigned<AbsoluteDifference>(Opcode.VabsdBu, Opcode.XvabsdBu);
        rows.Signed<Average>(Opcode.VavgB, Opcode.XvavgB);
        rows.Unsigned<Average>(Opcode.VavgBu, Opcode.XvavgBu);
        rows.Signed<AverageRounded>(Opcode.VavgrB, Opcode.XvavgrB);
        rows.Unsigned<AverageRounded>(Opcode.VavgrBu, Opcode.XvavgrBu);
        rows.Signed<Maximum>(Opcode.VmaxB, Opcode.XvmaxB);
        rows.Unsigned<Maximum>(Opcode.VmaxBu, Opcode.XvmaxBu);
        rows.Signed<Minimum>(Opcode.VminB, Opcode.XvminB);
        rows.Unsigned<Minimum>(Opcode.VminBu, Opcode.XvminBu);
        rows.Signed<SignCover>(Opcode.VsigncovB, Opcode.XvsigncovB);
        rows.SignedUnary<Negate>(Opcode.VnegB, Opcode.XvnegB);
        rows.UnsignedImmediate<Add>(Opcode.VaddiBu, Opcode.XvaddiBu);
        rows.UnsignedImmediate<Subtract>(Opcode.VsubiBu, Opcode.XvsubiBu);
        rows.SignedImmediate<Maximum>(Opcode.VmaxiB, Opcode.XvmaxiB);
        rows.UnsignedImmediate<Maximum>(Opcode.VmaxiBu, Opcode.XvmaxiBu);
        rows.SignedImmediate<Minimum>(Opcode.VminiB, Opcode.XvminiB);
        rows.UnsignedImmediate<Minimum>(Opcode.VminiBu, Opcode.XvminiBu);
        rows.Lanes<Quad<Add>>(Opcode.VaddQ, Opcode.XvaddQ);
        rows.Lanes<Quad<Subtract>>(Opcode.VsubQ, Opcode.XvsubQ);
    }

    private static void Multiplications(VectorRows rows)
    {
        rows.Unsigned<Multiply>(Opcode.VmulB, Opcode.XvmulB);
        rows.Signed<Each<MultiplyHigh>>(Opcode.VmuhB, Opcode.XvmuhB);
        rows.Unsigned<Each<MultiplyHigh>>(Opcode.VmuhBu, Opcode.XvmuhBu);
        rows.Ternary<MultiplyAdd>(Opcode.VmaddB, Opcode.XvmaddB);
        rows.Ternary<MultiplySubtract>(Opcode.VmsubB, Opcode.XvmsubB);
        rows.Signed<Each<Divide>>(Opcode.VdivB, Opcode.XvdivB);
        rows.Unsigned<Each<Divide>>(Opcode.VdivBu, Opcode.XvdivBu);
        rows.Signed<Each<Remainder>>(Opcode.VmodB, Opcode.XvmodB);
        rows.Unsigned<Each<Remainder>>(Opcode.VmodBu, Opcode.XvmodBu);
    }

    private static void Compares(VectorRows rows)
    {
        rows.Unsigned<Equal>(Opcode.VseqB, Opcode.XvseqB);
        rows.Signed<LessOrEqual>(Opcode.VsleB, Opcode.XvsleB);
        rows.Unsigned<LessOrEqual>(Opcode.VsleBu, Opcode.XvsleBu);
        rows.Signed<Less>(Opcode.VsltB, Opcode.XvsltB);
        rows.Unsigned<Less>(Opcode.VsltBu, Opcode.XvsltBu);
        rows.SignedImmediate<Equal>(Opcode.VseqiB, Opcode.XvseqiB);
        rows.SignedImmediate<LessOrEqual>(Opcode.VsleiB, Opcode.XvsleiB);
        rows.UnsignedImmediate<LessOrEqual>(Opcode.VsleiBu, Opcode.XvsleiBu);
        rows.SignedImmediate<Less>(Opcode.VsltiB, Opcode.XvsltiB);
        rows.UnsignedImmediate<Less>(Opcode.VsltiBu, Opcode.XvsltiBu);
    }

    private static void Shifts(VectorRows rows)
    {
        rows.Unsigned<ShiftLeft>(Opcode.VsllB, Opcode.XvsllB);
        rows.UnsignedImmediate<ShiftLeft>(Opcode.VslliB, Opcode.XvslliB);
        rows.Unsigned<ShiftRight>(Opcode.VsrlB, Opcode.XvsrlB);
        rows.UnsignedImmediate<ShiftRight>(Opcode.VsrliB, Opcode.XvsrliB);
        rows.Signed<ShiftRight>(Opcode.VsraB, Opcode.XvsraB);
        rows.SignedImmediate<ShiftRight>(Opcode.VsraiB, Opcode.XvsraiB);
        rows.Unsigned<RotateRight>(Opcode.VrotrB, Opcode.XvrotrB);
        rows.UnsignedImmediate<RotateRight>(Opcode.VrotriB, Opcode.XvrotriB);
        rows.Unsigned<ShiftRightRounded>(Opcode.VsrlrB, Opcode.XvsrlrB);
        rows.UnsignedImmediate<ShiftRightRounded>(Opcode.VsrlriB, Opcode.XvsrlriB);
        rows.Signed<ShiftRightRounded>(Opcode.VsrarB, Opcode.XvsrarB);
        rows.SignedImmediate<ShiftRightRounded>(Opcode.VsrariB, Opcode.XvsrariB);
    }

    private static void BitOperations(VectorRows rows)
    {
        rows.Unsigned<BitClear>(Opcode.VbitclrB, Opcode.XvbitclrB);
        rows.UnsignedImmediate<BitClear>(Opcode.VbitclriB, Opcode.XvbitclriB);
        rows.Unsigned<BitSet>(Opcode.VbitsetB, Opcode.XvbitsetB);
        rows.UnsignedImmediate<BitSet>(Opcode.VbitsetiB, Opcode.XvbitsetiB);
        rows.Unsigned<BitInvert>(Opcode.VbitrevB, Opcode.XvbitrevB);
        rows.UnsignedImmediate<BitInvert>(Opcode.VbitreviB, Opcode.XvbitreviB);
        rows.SignedImmediate<Saturate>(Opcode.VsatB, Opcode.XvsatB);
        rows.UnsignedImmediate<Saturate>(Opcode.VsatBu, Opcode.XvsatBu);
        rows.UnsignedUnary<EachOne<CountLeadingOnes>>(Opcode.VcloB, Opcode.XvcloB);
        rows.UnsignedUnary<EachOne<CountLeadingZeros>>(Opcode.VclzB, Opcode.XvclzB);
        rows.UnsignedUnary<EachOne<CountOnes>>(Opcode.VpcntB, Opcode.XvpcntB);
        rows.UnsignedUnary<MaskNegative>(Opcode.VmskltzB, Opcode.XvmskltzB);
        rows.Lanes<Unary<byte, MaskNotNegative>>(Opcode.VmskgezB, Opcode.XvmskgezB);
        rows.Lanes<Unary<byte, MaskNotZero>>(Opcode.VmsknzB, Opcode.XvmsknzB);
    }

    private static void Logic(VectorRows rows)
    {
        rows.Lanes<Binary<byte, And>>(Opcode.VandV, Opcode.XvandV);
        rows.Lanes<Binary<byte, Or>>(Opcode.VorV, Opcode.XvorV);
        rows.Lanes<Binary<byte, ExclusiveOr>>(Opcode.VxorV, Opcode.XvxorV);
        rows.Lanes<Binary<byte, Nor>>(Opcode.VnorV, Opcode.XvnorV);
        rows.Lanes<Binary<byte, NotAnd>>(Opcode.VandnV, Opcode.XvandnV);
        rows.Lanes<Binary<byte, OrNot>>(Opcode.VornV, Opcode.XvornV);
        rows.Lanes<Immediate<byte, And>>(Opcode.VandiB, Opcode.XvandiB);
        rows.Lanes<Immediate<byte, Or>>(Opcode.VoriB, Opcode.XvoriB);
        rows.Lanes<Immediate<byte, ExclusiveOr>>(Opcode.VxoriB, Opcode.XvxoriB);
        rows.Lanes<Immediate<byte, Nor>>(Opcode.VnoriB, Opcode.XvnoriB);
        rows.LanesOfFour<BitSelect>(Opcode.VbitselV, Opcode.XvbitselV);
        rows.Lanes<BitSelectImmediate>(Opcode.VbitseliB, Opcode.XvbitseliB);
    }
}
