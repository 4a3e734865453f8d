namespace LaKvm.Translator;

/// <summary>How the host does a vector instruction that raises nothing. All is done in each lane of 128 bits.</summary>
internal enum VectorKind : byte
{
    /// <summary>It is not translated.</summary>
    None,

    /// <summary>op(j, k).</summary>
    Binary,

    /// <summary>op(k, j).</summary>
    Reversed,

    /// <summary>~op(j, k).</summary>
    BinaryNot,

    /// <summary>j | ~k.</summary>
    OrNot,

    /// <summary>0 - j.</summary>
    Negate,

    /// <summary>op(|j|, |k|): op and the next one are the sum and the absolute value.</summary>
    AddAbsolute,

    /// <summary>max - min.</summary>
    AbsoluteDifference,

    /// <summary>j &lt; k or j &lt;= k, unsigned.</summary>
    LessUnsigned, LessEqualUnsigned,

    /// <summary>The greater or the less, of 64 bits.</summary>
    Maximum64, Minimum64,

    /// <summary>Halved sum, rounded down or up.</summary>
    Average, AverageRounded,

    /// <summary>Sum and difference, limited to what fits, where the host has none.</summary>
    SaturatedSum, SaturatedDifference,

    /// <summary>
    /// Product of bytes, of 64-bit elements; the upper half of one of 32 bits; d plus or minus a product.
    /// </summary>
    MultiplyBytes, Multiply64, MultiplyHigh32, MultiplyHighBytes, MultiplyAdd, MultiplySubtract,

    /// <summary>Shifts by the immediate: logical, arithmetic, rounded, rotation.</summary>
    ShiftLeft, ShiftRight, ShiftRightArithmetic, ShiftRightRounded, ShiftRightArithmeticRounded, Rotate,

    /// <summary>Shifts of each element by k's.</summary>
    ShiftLeftBy, ShiftRightBy, ShiftRightArithmeticBy, RotateBy,

    /// <summary>One bit, named by the immediate or by k, cleared, set, inverted.</summary>
    BitClear, BitSet, BitInvert,

    /// <summary>Limited to some bits.</summary>
    Saturate,

    /// <summary>k's bits where the selector has ones, else j's.</summary>
    BitSelect, BitSelectImmediate,

    /// <summary>Masks of elements, gathered in the lane's lowest bits.</summary>
    MaskNegative, MaskNotNegative, MaskNotZero,

    /// <summary>d with the number of j's first negative element in the element that the immediate names.</summary>
    FirstNegative,

    /// <summary>Elements with even or odd numbers, in turn or apart.</summary>
    PackEven, PackOdd, PickEven, PickOdd,

    /// <summary>Choices by the immediate or by elements.</summary>
    ShuffleFours, ShuffleDoubles, PermuteWords, ShuffleBytes, ShuffleElements, ShiftBytesLeft, ShiftBytesRight,

    /// <summary>One element in all places, by the immediate or by a general register.</summary>
    Replicate, ReplicateBy,

    /// <summary>One element of j replaces one of d.</summary>
    InsertElement,

    /// <summary>A constant.</summary>
    Constant,

    /// <summary>op on elements made twice as wide: those with even or odd numbers of each operand.</summary>
    Widen,

    /// <summary>The same from 64 to 128 bits: sums and differences.</summary>
    WidenQuad,

    /// <summary>The lower or upper half of the elements, made twice as wide and shifted.</summary>
    ExtendLow, ExtendHigh,

    /// <summary>
    /// j's elements, shifted by k's, made half as wide: as they are, limited to signed ones, to unsigned ones.
    /// </summary>
    NarrowBy, NarrowBySigned, NarrowByUnsigned,

    /// <summary>The same with those of j and of d, shifted by the immediate.</summary>
    Narrow, NarrowSigned, NarrowUnsigned,

    /// <summary>Numbers of bits.</summary>
    CountOnes, CountLeadingZeros, CountLeadingOnes,

    /// <summary>LASX alone: between the two lanes.</summary>
    ExtendBoth, PermuteAllWords, PermuteQuads, PermuteLanes, ReplicateLowest, ReplicateLowestLane, PickElement,
        InsertLowest,

    /// <summary>To and from general registers.</summary>
    FromGpr, InsertGpr, ToGpr,

    /// <summary>Conditions, to a flag: the whole register, any element.</summary>
    SetZero, SetNotZero, SetAnyZero, SetAllNotZero,

    /// <summary>Memory.</summary>
    Load, Store, LoadReplicated, StoreElement,
}

/// <summary>A vector instruction as the host does it.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Op">The host's instruction.</param>
/// <param name="Size">Bytes of an element are 1 &lt;&lt; Size.</param>
/// <param name="Bytes">16 for LSX, 32 for LASX.</param>
/// <param name="Options">What else there is to know.</param>
internal readonly record struct VectorRow(VectorKind Kind, Simd Op, byte Size, byte Bytes, VectorOptions Options)
{
    public bool Has(VectorOptions option) => (Options & option) != 0;

    public int ElementBits => 8 << Size;
}

/// <summary>What distinguishes rows of one kind.</summary>
[Flags]
internal enum VectorOptions : byte
{
    None = 0,

    /// <summary>k is the immediate, in each element.</summary>
    Immediate = 1,

    /// <summary>Elements of both operands are unsigned.</summary>
    Unsigned = 2,

    /// <summary>The elements of j have odd numbers.</summary>
    OddJ = 4,

    /// <summary>The elements of k have odd numbers.</summary>
    OddK = 8,

    /// <summary>j is unsigned, k signed.</summary>
    Mixed = 16,

    /// <summary>The result is added to d.</summary>
    Accumulate = 32,

    /// <summary>The last bit that is shifted out is added.</summary>
    Rounded = 64,
}
