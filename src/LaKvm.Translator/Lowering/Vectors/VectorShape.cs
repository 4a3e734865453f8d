using static LaKvm.Translator.VectorKind;

namespace LaKvm.Translator;

/// <summary>Which class emits a kind of vector instruction.</summary>
internal enum VectorFamily : byte
{
    /// <summary>None: it is not translated.</summary>
    None,
    Order,
    Average,
    Saturation,
    Product,
    Shift,
    Bit,
    Mask,
    FirstNegative,
    Interleaving,
    Permutation,
    Widening,
    Narrowing,
    Count,
    BetweenLanes,
    FromGpr,
    ToGpr,
    Flag,
    Memory,
}

/// <summary>The vector registers that a kind of instruction reads, besides what is an immediate.</summary>
[Flags]
internal enum VectorReads : byte
{
    None = 0,
    J = 1,
    K = 2,

    /// <summary>The old value of d.</summary>
    D = 4,
    A = 8,
}

/// <summary>What a kind of vector instruction looks like to who emits it.</summary>
/// <param name="Family">Who that is.</param>
/// <param name="Reads">What is loaded before.</param>
internal readonly record struct VectorShape(VectorFamily Family, VectorReads Reads)
{
    private const VectorReads J = VectorReads.J, K = VectorReads.K, D = VectorReads.D, A = VectorReads.A;

    private static readonly VectorShape[] Shapes = Build();

    /// <summary>The shape of a kind.</summary>
    public static VectorShape Of(VectorKind kind) => Shapes[(int)kind];

    private static VectorShape[] Build()
    {
        var shapes = new VectorShape[Enum.GetValues<VectorKind>().Length];
        Set(VectorFamily.Order, J | K, Binary, Reversed, VectorKind.BinaryNot, OrNot, AddAbsolute, AbsoluteDifference,
            LessUnsigned, LessEqualUnsigned, Maximum64, Minimum64);
        Set(VectorFamily.Order, J, Negate);
        Set(VectorFamily.Average, J | K, VectorKind.Average, AverageRounded);
        Set(VectorFamily.Saturation, J | K, SaturatedSum, SaturatedDifference);
        Set(VectorFamily.Product, J | K, MultiplyBytes, Multiply64, MultiplyHigh32, MultiplyHighBytes);
        Set(VectorFamily.Product, J | K | D, MultiplyAdd, MultiplySubtract);
        Set(VectorFamily.Shift, J, ShiftLeft, ShiftRight, ShiftRightArithmetic, ShiftRightRounded,
            ShiftRightArithmeticRounded, Rotate);
        Set(VectorFamily.Shift, J | K, ShiftLeftBy, ShiftRightBy, ShiftRightArithmeticBy, RotateBy);
        Set(VectorFamily.Bit, J | K, BitClear, BitSet, BitInvert);
        Set(VectorFamily.Bit, J, Saturate);
        Set(VectorFamily.Bit, J | K | A, BitSelect);
        Set(VectorFamily.Bit, J | D, BitSelectImmediate);
        Set(VectorFamily.Mask, J, MaskNegative, MaskNotNegative, MaskNotZero);
        Set(VectorFamily.FirstNegative, J | D, VectorKind.FirstNegative);
        Set(VectorFamily.Interleaving, J | K, PackEven, PackOdd, PickEven, PickOdd);
        Set(VectorFamily.Permutation, J, ShuffleFours, ShiftBytesLeft, ShiftBytesRight, Replicate, ReplicateBy);
        Set(VectorFamily.Permutation, J | D, ShuffleDoubles, PermuteWords, InsertElement);
        Set(VectorFamily.Permutation, J | K | D, ShuffleElements);
        Set(VectorFamily.Permutation, J | K | A, ShuffleBytes);
        Set(VectorFamily.Permutation, VectorReads.None, Constant);
        Set(VectorFamily.Widening, J | K, Widen, WidenQuad);
        Set(VectorFamily.Widening, J, ExtendLow, ExtendHigh);
        Set(VectorFamily.Narrowing, J | K, NarrowBy, NarrowBySigned, NarrowByUnsigned);
        Set(VectorFamily.Narrowing, J | D, Narrow, NarrowSigned, NarrowUnsigned);
        Set(VectorFamily.Count, J, CountOnes, CountLeadingZeros, CountLeadingOnes);
        Set(VectorFamily.BetweenLanes, J, ExtendBoth, PermuteQuads, ReplicateLowest, ReplicateLowestLane, PickElement);
        Set(VectorFamily.BetweenLanes, J | K, PermuteAllWords);
        Set(VectorFamily.BetweenLanes, J | D, PermuteLanes, InsertLowest);
        Set(VectorFamily.FromGpr, VectorReads.None, VectorKind.FromGpr, InsertGpr);
        Set(VectorFamily.ToGpr, VectorReads.None, VectorKind.ToGpr);
        Set(VectorFamily.Flag, VectorReads.None, SetZero, SetNotZero, SetAnyZero, SetAllNotZero);
        Set(VectorFamily.Memory, VectorReads.None, Load, Store, LoadReplicated, StoreElement);
        return shapes;

        void Set(VectorFamily family, VectorReads reads, params ReadOnlySpan<VectorKind> kinds)
        {
            foreach (VectorKind kind in kinds)
            {
                shapes[(int)kind] = new(family, reads);
            }
        }
    }
}
