using System.Numerics;
using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// Registers families of rows. A family's members differ in element size, 8 to 64 bits, and follow each other in the
/// opcode table; the LASX family is the same one on both lanes. Only the handlers of the row <paramref name="wanted"/>
/// and its twin are made: an instantiation takes time, and a guest needs few.
/// </summary>
internal readonly unsafe struct VectorRows(HandlerTable table, Opcode wanted)
{
    /// <summary>The table that is filled.</summary>
    public HandlerTable Table => table;

    private bool Wants(Opcode lsx, Opcode lasx, int count) =>
        (uint)(wanted - lsx) < (uint)count || (uint)(wanted - lasx) < (uint)count;

    private static bool Clears(Opcode lsx) => lsx.Info().ClearsUpper;

    /// <summary>One LSX row and its LASX twin.</summary>
    public void Lanes<TLane>(Opcode lsx, Opcode lasx)
        where TLane : struct, ILane
    {
        if (Wants(lsx, lasx, 1))
        {
            table[lsx] = Clears(lsx) ? &VectorHandlers.Lanes<TLane, Lsx> : &VectorHandlers.Lanes<TLane, LsxKeeping>;
            table[lasx] = &VectorHandlers.Lanes<TLane, Lasx>;
        }
    }

    /// <summary>A row with four registers.</summary>
    public void LanesOfFour<TLane>(Opcode lsx, Opcode lasx)
        where TLane : struct, ILane
    {
        if (Wants(lsx, lasx, 1))
        {
            table[lsx] = Clears(lsx)
                ? &VectorHandlers.LanesOfFour<TLane, Lsx>
                : &VectorHandlers.LanesOfFour<TLane, LsxKeeping>;
            table[lasx] = &VectorHandlers.LanesOfFour<TLane, Lasx>;
        }
    }

    /// <summary>A row whose third operand is a general register.</summary>
    public void LanesByGpr<TLane>(Opcode lsx, Opcode lasx)
        where TLane : struct, ILane
    {
        if (Wants(lsx, lasx, 1))
        {
            table[lsx] = Clears(lsx)
                ? &VectorHandlers.LanesByGpr<TLane, Lsx>
                : &VectorHandlers.LanesByGpr<TLane, LsxKeeping>;
            table[lasx] = &VectorHandlers.LanesByGpr<TLane, Lasx>;
        }
    }

    /// <summary>.b .h .w .d of an operation on signed elements.</summary>
    public void Signed<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IBinary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Binary<sbyte, TOp>>(lsx, lasx);
            Lanes<Binary<short, TOp>>(lsx + 1, lasx + 1);
            Lanes<Binary<int, TOp>>(lsx + 2, lasx + 2);
            Lanes<Binary<long, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>
    /// .bu .hu .wu .du of an operation on unsigned elements, or .b .h .w .d where the sign does not matter.
    /// </summary>
    public void Unsigned<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IBinary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Binary<byte, TOp>>(lsx, lasx);
            Lanes<Binary<ushort, TOp>>(lsx + 1, lasx + 1);
            Lanes<Binary<uint, TOp>>(lsx + 2, lasx + 2);
            Lanes<Binary<ulong, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>An operation on signed elements whose second operand is the immediate.</summary>
    public void SignedImmediate<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IBinary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Immediate<sbyte, TOp>>(lsx, lasx);
            Lanes<Immediate<short, TOp>>(lsx + 1, lasx + 1);
            Lanes<Immediate<int, TOp>>(lsx + 2, lasx + 2);
            Lanes<Immediate<long, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>An operation on unsigned elements whose second operand is the immediate.</summary>
    public void UnsignedImmediate<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IBinary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Immediate<byte, TOp>>(lsx, lasx);
            Lanes<Immediate<ushort, TOp>>(lsx + 1, lasx + 1);
            Lanes<Immediate<uint, TOp>>(lsx + 2, lasx + 2);
            Lanes<Immediate<ulong, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>An operation on one operand's elements, signed.</summary>
    public void SignedUnary<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IUnary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Unary<sbyte, TOp>>(lsx, lasx);
            Lanes<Unary<short, TOp>>(lsx + 1, lasx + 1);
            Lanes<Unary<int, TOp>>(lsx + 2, lasx + 2);
            Lanes<Unary<long, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>An operation on one operand's elements, unsigned.</summary>
    public void UnsignedUnary<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IUnary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Unary<byte, TOp>>(lsx, lasx);
            Lanes<Unary<ushort, TOp>>(lsx + 1, lasx + 1);
            Lanes<Unary<uint, TOp>>(lsx + 2, lasx + 2);
            Lanes<Unary<ulong, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>An operation that reads the destination.</summary>
    public void Ternary<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, ITernary
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Ternary<byte, TOp>>(lsx, lasx);
            Lanes<Ternary<ushort, TOp>>(lsx + 1, lasx + 1);
            Lanes<Ternary<uint, TOp>>(lsx + 2, lasx + 2);
            Lanes<Ternary<ulong, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>A choice of elements from two registers.</summary>
    public void Permutation<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IPermutation
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Permute<byte, TOp>>(lsx, lasx);
            Lanes<Permute<ushort, TOp>>(lsx + 1, lasx + 1);
            Lanes<Permute<uint, TOp>>(lsx + 2, lasx + 2);
            Lanes<Permute<ulong, TOp>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>.h.b .w.h .d.w .q.d: both operands signed.</summary>
    public void WidenSigned<TOp, TPickJ, TPickK>(Opcode lsx, Opcode lasx)
        where TOp : struct, ITernary
        where TPickJ : struct, IPick
        where TPickK : struct, IPick
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Widen<short, short, TOp, TPickJ, TPickK>>(lsx, lasx);
            Lanes<Widen<int, int, TOp, TPickJ, TPickK>>(lsx + 1, lasx + 1);
            Lanes<Widen<long, long, TOp, TPickJ, TPickK>>(lsx + 2, lasx + 2);
            Lanes<WidenQuad<long, long, TOp, TPickJ, TPickK>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>.h.bu .w.hu .d.wu .q.du: both operands unsigned.</summary>
    public void WidenUnsigned<TOp, TPickJ, TPickK>(Opcode lsx, Opcode lasx)
        where TOp : struct, ITernary
        where TPickJ : struct, IPick
        where TPickK : struct, IPick
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Widen<ushort, ushort, TOp, TPickJ, TPickK>>(lsx, lasx);
            Lanes<Widen<uint, uint, TOp, TPickJ, TPickK>>(lsx + 1, lasx + 1);
            Lanes<Widen<ulong, ulong, TOp, TPickJ, TPickK>>(lsx + 2, lasx + 2);
            Lanes<WidenQuad<ulong, ulong, TOp, TPickJ, TPickK>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>.h.bu.b .w.hu.h .d.wu.w .q.du.d: j unsigned, k signed.</summary>
    public void WidenMixed<TOp, TPick>(Opcode lsx, Opcode lasx)
        where TOp : struct, ITernary
        where TPick : struct, IPick
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<Widen<ushort, short, TOp, TPick, TPick>>(lsx, lasx);
            Lanes<Widen<uint, int, TOp, TPick, TPick>>(lsx + 1, lasx + 1);
            Lanes<Widen<ulong, long, TOp, TPick, TPick>>(lsx + 2, lasx + 2);
            Lanes<WidenQuad<ulong, long, TOp, TPick, TPick>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>.b.h .h.w .w.d of a narrowing shift by another register.</summary>
    public void Narrow<T16, T32, T64, TNarrow8, TNarrow16, TNarrow32, TShift, TConvert>(Opcode lsx, Opcode lasx)
        where T16 : unmanaged, IBinaryInteger<T16>, IMinMaxValue<T16>
        where T32 : unmanaged, IBinaryInteger<T32>, IMinMaxValue<T32>
        where T64 : unmanaged, IBinaryInteger<T64>, IMinMaxValue<T64>
        where TNarrow8 : unmanaged, IBinaryInteger<TNarrow8>
        where TNarrow16 : unmanaged, IBinaryInteger<TNarrow16>
        where TNarrow32 : unmanaged, IBinaryInteger<TNarrow32>
        where TShift : struct, IElement
        where TConvert : struct, IConvert
    {
        if (Wants(lsx, lasx, 3))
        {
            Lanes<Narrow<T16, TNarrow8, TShift, TConvert>>(lsx, lasx);
            Lanes<Narrow<T32, TNarrow16, TShift, TConvert>>(lsx + 1, lasx + 1);
            Lanes<Narrow<T64, TNarrow32, TShift, TConvert>>(lsx + 2, lasx + 2);
        }
    }

    /// <summary>.b.h .h.w .w.d .d.q of a narrowing shift by the immediate.</summary>
    public void NarrowImmediate<T16, T32, T64, T128, TNarrow8, TNarrow16, TNarrow32, TNarrow64, TShift, TConvert>(
        Opcode lsx, Opcode lasx)
        where T16 : unmanaged, IBinaryInteger<T16>, IMinMaxValue<T16>
        where T32 : unmanaged, IBinaryInteger<T32>, IMinMaxValue<T32>
        where T64 : unmanaged, IBinaryInteger<T64>, IMinMaxValue<T64>
        where T128 : unmanaged, IBinaryInteger<T128>, IMinMaxValue<T128>
        where TNarrow8 : unmanaged, IBinaryInteger<TNarrow8>
        where TNarrow16 : unmanaged, IBinaryInteger<TNarrow16>
        where TNarrow32 : unmanaged, IBinaryInteger<TNarrow32>
        where TNarrow64 : unmanaged, IBinaryInteger<TNarrow64>
        where TShift : struct, IElement
        where TConvert : struct, IConvert
    {
        if (Wants(lsx, lasx, 4))
        {
            Lanes<NarrowImmediate<T16, TNarrow8, TShift, TConvert>>(lsx, lasx);
            Lanes<NarrowImmediate<T32, TNarrow16, TShift, TConvert>>(lsx + 1, lasx + 1);
            Lanes<NarrowImmediate<T64, TNarrow32, TShift, TConvert>>(lsx + 2, lasx + 2);
            Lanes<NarrowImmediate<T128, TNarrow64, TShift, TConvert>>(lsx + 3, lasx + 3);
        }
    }

    /// <summary>A floating-point row.</summary>
    public void FpLanes<TLane>(Opcode lsx, Opcode lasx)
        where TLane : struct, IFpLane
    {
        if (Wants(lsx, lasx, 1))
        {
            table[lsx] = Clears(lsx) ? &FpVectorHandlers.Lanes<TLane, Lsx> : &FpVectorHandlers.Lanes<TLane, LsxKeeping>;
            table[lasx] = &FpVectorHandlers.Lanes<TLane, Lasx>;
        }
    }

    /// <summary>A floating-point comparison.</summary>
    public void FpCompare<TLane>(Opcode lsx, Opcode lasx)
        where TLane : struct, IFpLane
    {
        if (Wants(lsx, lasx, 1))
        {
            table[lsx] = Clears(lsx)
                ? &FpVectorHandlers.Compare<TLane, Lsx>
                : &FpVectorHandlers.Compare<TLane, LsxKeeping>;
            table[lasx] = &FpVectorHandlers.Compare<TLane, Lasx>;
        }
    }

    /// <summary>.s .d of an operation on floats.</summary>
    public void FpElements<TOp>(Opcode lsx, Opcode lasx)
        where TOp : struct, IFpOperation
    {
        if (Wants(lsx, lasx, 2))
        {
            FpLanes<FpElements<Fp32, uint, TOp>>(lsx, lasx);
            FpLanes<FpElements<Fp64, ulong, TOp>>(lsx + 1, lasx + 1);
        }
    }
}
