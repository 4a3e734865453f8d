namespace LaKvm.Cpu;

/// <summary>
/// The floating-point operations of one format as pure functions: operands, rounding mode and enables in, result and
/// exceptions out, exact in every bit. A value is a bit pattern in the low bits of a ulong, zero-extended. NaNs, signs
/// and exceptions are those of the manual, vol. 1, chapter 3; operation names those of IEEE 754-2008.
/// </summary>
public interface IFp
{
    /// <summary>The pattern that a floating-point register (64 bits) holds in this format.</summary>
    static abstract ulong Read(ulong register);

    /// <summary>
    /// The register image of a result. Single precision fills the upper half, which may be anything, with ones.
    /// </summary>
    static abstract ulong Box(ulong value);

    /// <summary>The sign bit.</summary>
    static abstract ulong SignBit { get; }

    /// <summary>The pattern of 1.0.</summary>
    static abstract ulong One { get; }

    /// <summary>Whether a pattern is a NaN.</summary>
    static abstract bool IsNaN(ulong x);

    /// <summary>addition(a, b).</summary>
    static abstract ulong Add(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>subtraction(a, b).</summary>
    static abstract ulong Subtract(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>multiplication(a, b).</summary>
    static abstract ulong Multiply(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>division(a, b).</summary>
    static abstract ulong Divide(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>squareRoot(a).</summary>
    static abstract ulong SquareRoot(ulong a, ref FpEnvironment env);

    /// <summary>fusedMultiplyAdd(a, b, c): a * b + c, rounded once.</summary>
    static abstract ulong MultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env);

    /// <summary>maxNum(a, b).</summary>
    static abstract ulong Max(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>minNum(a, b).</summary>
    static abstract ulong Min(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>maxNumMag(a, b).</summary>
    static abstract ulong MaxMagnitude(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>minNumMag(a, b).</summary>
    static abstract ulong MinMagnitude(ulong a, ulong b, ref FpEnvironment env);

    /// <summary>scaleB(a, n): a * 2^n.</summary>
    static abstract ulong ScaleB(ulong a, long n, ref FpEnvironment env);

    /// <summary>logB(a): the exponent of a, as a number of the format; invalid for negative numbers.</summary>
    static abstract ulong LogB(ulong a, ref FpEnvironment env);

    /// <summary>How a and b compare; a quiet NaN is invalid only when <paramref name="signaling"/>.</summary>
    static abstract FpRelation Compare(ulong a, ulong b, bool signaling, ref FpEnvironment env);

    /// <summary>fclass: one of 10 bits.</summary>
    static abstract uint Class(ulong a);

    /// <summary>roundToIntegralExact in the given direction.</summary>
    static abstract ulong RoundToInteger(ulong a, FpRounding rounding, ref FpEnvironment env);

    /// <summary>convertToIntegerExact, to a signed integer of 32 or 64 bits; saturates, 0 for a NaN.</summary>
    static abstract long ToInteger(ulong a, int bits, FpRounding rounding, ref FpEnvironment env);

    /// <summary>convertToIntegerExact, to an unsigned integer of 32 or 64 bits; saturates, 0 for a NaN.</summary>
    static abstract ulong ToUnsigned(ulong a, int bits, FpRounding rounding, ref FpEnvironment env);

    /// <summary>convertFromInt of a signed integer.</summary>
    static abstract ulong FromInteger(long x, ref FpEnvironment env);

    /// <summary>convertFromInt of an unsigned integer.</summary>
    static abstract ulong FromUnsigned(ulong x, ref FpEnvironment env);
}

/// <summary>Operations that follow from the others in the same way for every format.</summary>
public static class FpDerived<T>
    where T : struct, IFp
{
    /// <summary>-x, but a NaN keeps its sign.</summary>
    public static ulong NegateNumber(ulong x) => T.IsNaN(x) ? x : x ^ T.SignBit;

    /// <summary>a * b - c, rounded once.</summary>
    public static ulong MultiplySubtract(ulong a, ulong b, ulong c, ref FpEnvironment env) =>
        T.MultiplyAdd(a, b, NegateNumber(c), ref env);

    /// <summary>-(a * b + c): the rounded sum is negated (manual vol. 1, 3.2.1.2).</summary>
    public static ulong NegatedMultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env) =>
        NegateNumber(T.MultiplyAdd(a, b, c, ref env));

    /// <summary>-(a * b - c): the rounded difference is negated.</summary>
    public static ulong NegatedMultiplySubtract(ulong a, ulong b, ulong c, ref FpEnvironment env) =>
        NegateNumber(MultiplySubtract(a, b, c, ref env));

    /// <summary>1 / a.</summary>
    public static ulong Reciprocal(ulong a, ref FpEnvironment env) => T.Divide(T.One, a, ref env);

    /// <summary>1 / squareRoot(a), rounded twice (manual vol. 1, 3.2.1.6).</summary>
    public static ulong ReciprocalSquareRoot(ulong a, ref FpEnvironment env) =>
        T.Divide(T.One, T.SquareRoot(a, ref env), ref env);
}
