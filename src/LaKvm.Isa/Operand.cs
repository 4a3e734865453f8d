namespace LaKvm.Isa;

/// <summary>What an operand of an instruction names.</summary>
public enum OperandKind
{
    /// <summary>No operand; ends a list.</summary>
    None,

    /// <summary>General-purpose register.</summary>
    Gpr,

    /// <summary>Floating-point register.</summary>
    Fpr,

    /// <summary>Condition flag register, fcc0 to fcc7.</summary>
    Fcc,

    /// <summary>Floating-point control and status register, fcsr0 to fcsr3.</summary>
    Fcsr,

    /// <summary>LBT scratch register, scr0 to scr3.</summary>
    Scr,

    /// <summary>128-bit vector register.</summary>
    Vr,

    /// <summary>256-bit vector register.</summary>
    Xr,

    /// <summary>A 5-bit code in the D slot: cacop's operation, preld's hint, invtlb's op.</summary>
    Code,

    /// <summary>Zero-extended immediate.</summary>
    Unsigned,

    /// <summary>Sign-extended immediate.</summary>
    Signed,
}

/// <summary>
/// One operand of an instruction row: its kind and where its bits are in the word. An immediate may consist of two
/// fields (the 21- and 26-bit branch offsets), be scaled (offsets in units of 2, 4 or 8 bytes) or biased (alsl's
/// shift amount is stored minus one).
/// </summary>
/// <remarks>The table generator compiles this file too, so the packing has this one definition.</remarks>
public readonly struct Operand
{
    private const int ShiftBit = 4;
    private const int WidthBit = 9;
    private const int HighShiftBit = 14;
    private const int HighWidthBit = 19;
    private const int ScaleBit = 24;
    private const int BiasBit = 27;

    /// <summary>The packed form, as it stands in the generated table; 0 is "no operand".</summary>
    public readonly uint Packed;

    /// <summary>Wraps a packed operand.</summary>
    public Operand(uint packed) => Packed = packed;

    /// <summary>Describes an operand; <paramref name="highWidth"/> is 0 when the operand is one field.</summary>
    public Operand(OperandKind kind, int shift, int width, int highShift, int highWidth, int scale, int bias) =>
        Packed = (uint)kind | (uint)shift << ShiftBit | (uint)width << WidthBit | (uint)highShift << HighShiftBit
            | (uint)highWidth << HighWidthBit | (uint)scale << ScaleBit | (uint)bias << BiasBit;

    /// <summary>What the operand names.</summary>
    public OperandKind Kind => (OperandKind)(Packed & 15);

    /// <summary>Lowest bit of the (low) field.</summary>
    public int Shift => (int)(Packed >> ShiftBit & 31);

    /// <summary>Width in bits of the (low) field.</summary>
    public int Width => (int)(Packed >> WidthBit & 31);

    /// <summary>Lowest bit of the field that holds the most significant part.</summary>
    public int HighShift => (int)(Packed >> HighShiftBit & 31);

    /// <summary>Width in bits of the field that holds the most significant part; 0 when there is none.</summary>
    public int HighWidth => (int)(Packed >> HighWidthBit & 31);

    /// <summary>The value is the field shifted left by this many bits.</summary>
    public int Scale => (int)(Packed >> ScaleBit & 7);

    /// <summary>The value is the field plus this.</summary>
    public int Bias => (int)(Packed >> BiasBit & 1);

    /// <summary>Whether the operand is a register.</summary>
    public bool IsRegister => Kind is > OperandKind.None and < OperandKind.Code;

    /// <summary>Whether the operand is an immediate (and not a register or the code of the D slot).</summary>
    public bool IsImmediate => Kind >= OperandKind.Unsigned;

    /// <summary>The bits of the word that the operand occupies.</summary>
    public uint Mask => ((1u << Width) - 1) << Shift | ((1u << HighWidth) - 1) << HighShift;

    /// <summary>The smallest value that the operand can express.</summary>
    public int Minimum => Kind == OperandKind.Signed ? -(1 << (Width + HighWidth - 1)) << Scale : Bias;

    /// <summary>The largest value that the operand can express.</summary>
    public int Maximum =>
        Kind == OperandKind.Signed
            ? ((1 << (Width + HighWidth - 1)) - 1) << Scale
            : (((1 << (Width + HighWidth)) - 1) << Scale) + Bias;

    /// <summary>Reads the operand out of an instruction word: a register number or the immediate's value.</summary>
    public int Extract(uint word)
    {
        uint field = word >> Shift & ((1u << Width) - 1)
            | (word >> HighShift & ((1u << HighWidth) - 1)) << Width;

        // Sign extension without a branch: flipping the sign bit and subtracting it again.
        uint sign = (Kind == OperandKind.Signed ? 1u : 0u) << (Width + HighWidth - 1);
        return ((int)((field ^ sign) - sign) << Scale) + Bias;
    }

    /// <summary>Whether the operand can express <paramref name="value"/>.</summary>
    public bool Accepts(long value) =>
        value >= Minimum && value <= Maximum && ((value - Bias) & ((1 << Scale) - 1)) == 0;

    /// <summary>The word bits that express <paramref name="value"/>, which the operand must accept.</summary>
    public uint Insert(int value)
    {
        uint field = (uint)(value - Bias >> Scale);
        return (field & ((1u << Width) - 1)) << Shift
            | (field >> Width & ((1u << HighWidth) - 1)) << HighShift;
    }
}
