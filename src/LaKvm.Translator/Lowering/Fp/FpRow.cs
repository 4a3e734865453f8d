namespace LaKvm.Translator;

/// <summary>What kind of computing a floating-point instruction is.</summary>
internal enum FpKind : byte
{
    /// <summary>None that is translated: the handler does it.</summary>
    None,

    /// <summary>j op k.</summary>
    Binary,

    /// <summary>j times two to the power of the integer in k, where that power is a normal number.</summary>
    Scale,

    /// <summary>The square root of j.</summary>
    SquareRoot,

    /// <summary>1 / j.</summary>
    Reciprocal,

    /// <summary>1 / the square root of j, rounded twice.</summary>
    ReciprocalRoot,

    /// <summary>j * k + a or j * k - a, rounded once; <see cref="FpRow.Mode"/> 1 negates the result.</summary>
    MultiplyAdd,

    /// <summary>maxNum, minNum.</summary>
    Extremum,

    /// <summary>A comparison; the condition is in the instruction word.</summary>
    Compare,

    /// <summary>Rounding to an integral value; the mode is the host's.</summary>
    Round,

    /// <summary>Conversion to a signed integer of 32 bits; the mode is the host's.</summary>
    ToInt32,

    /// <summary>To 64 bits.</summary>
    ToInt64,

    /// <summary>Conversion of a signed integer of 32 bits.</summary>
    FromInt32,

    /// <summary>Of 64 bits.</summary>
    FromInt64,

    /// <summary>double to single.</summary>
    ToSingle,

    /// <summary>single to double.</summary>
    ToDouble,

    /// <summary>The lower or upper (mode 1) half of each lane's 32-bit integers to doubles.</summary>
    WidenInt32,

    /// <summary>The same of singles.</summary>
    WidenSingle,

    /// <summary>
    /// k's doubles to signed integers of 32 bits below those of j, in each lane; the mode is the host's.
    /// </summary>
    NarrowToInt32,

    /// <summary>k's doubles to singles below those of j, in each lane.</summary>
    NarrowDouble,
}

/// <summary>A floating-point instruction that raises exceptions, as the host does it.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Op">The host's opcode, without prefix.</param>
/// <param name="Mode">What else distinguishes rows of one kind.</param>
/// <param name="IsDouble">Format of the operands: double or single.</param>
/// <param name="Bytes">8 for a scalar, 16 and 32 for the vectors.</param>
internal readonly record struct FpRow(FpKind Kind, byte Op, byte Mode, bool IsDouble, int Bytes)
{
    public const byte Sqrt = 0x51, Add = 0x58, Mul = 0x59, Sub = 0x5C, Min = 0x5D, Div = 0x5E, Max = 0x5F;

    /// <summary>Rounding modes of the host's instructions: as the instruction says, or as MXCSR does.</summary>
    public const byte Nearest = 0, Down = 1, Up = 2, ToZero = 3, Current = 4;

    /// <summary>With a rounding mode: inexact is not raised.</summary>
    public const byte Quietly = 8;

    /// <summary>What bits 63:32 of a register with a single-precision result are.</summary>
    public const ulong Box = 0xFFFF_FFFF_0000_0000;

    /// <summary>The sign of a double, of a single, of two singles.</summary>
    public const ulong SignDouble = 1UL << 63, SignSingle = 1UL << 31, SignsSingle = SignDouble | SignSingle;

    public bool IsScalar => Bytes == 8;

    /// <summary>Bytes of an element.</summary>
    public int ElementBytes => IsDouble ? 8 : 4;

    /// <summary>Operands: j, then k, then a.</summary>
    public int Operands => Kind switch
    {
        FpKind.Binary or FpKind.Scale or FpKind.Extremum or FpKind.Compare or FpKind.NarrowDouble
            or FpKind.NarrowToInt32 => 2,
        FpKind.MultiplyAdd => 3,
        _ => 1,
    };

    /// <summary>Whether the host's result may be another NaN than the guest's.</summary>
    public bool ChecksResult => Kind is FpKind.Binary or FpKind.Scale or FpKind.SquareRoot or FpKind.Reciprocal
        or FpKind.ReciprocalRoot or FpKind.MultiplyAdd;

    /// <summary>Whether a host can do it.</summary>
    public bool IsComputedBy(HostFeatures features) =>
        Kind != FpKind.None && features.Sse41 && (IsScalar || features.Avx2)
        && (Kind != FpKind.MultiplyAdd || features.Fma);

    /// <summary>An instruction whose prefix says scalar or vector, single or double.</summary>
    public Simd Host(int opcode) => (Simd)(0x100 | opcode | ((IsScalar ? IsDouble ? 3 : 2 : IsDouble ? 1 : 0) << 12));
}
