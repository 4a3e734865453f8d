using static System.BitConverter;

namespace LaKvm.Cpu;

/// <summary>
/// Single precision. As <see cref="Fp64"/>, but simpler: a product, or quotient times divisor, of two singles is exact
/// in double precision, so that a result is exact if it equals, or leads back to, what double precision has.
/// </summary>
public readonly struct Fp32 : IFp
{
    /// <inheritdoc/>
    public static ulong SignBit => FpSoft<Binary32>.SignBit;

    /// <inheritdoc/>
    public static ulong One => FpSoft<Binary32>.One;

    /// <inheritdoc/>
    public static bool IsNaN(ulong x) => FpSoft<Binary32>.IsNaN(x);

    /// <inheritdoc/>
    public static ulong Read(ulong register) => (uint)register;

    /// <inheritdoc/>
    public static ulong Box(ulong value) => value | 0xffff_ffff_0000_0000;

    /// <inheritdoc/>
    public static ulong Add(ulong a, ulong b, ref FpEnvironment env)
    {
        float x = Float(a), y = Float(b), sum = x + y;

        // A sum is never rounded to a subnormal number or to zero: tiny sums are exact.
        if (env.Rounding != FpRounding.NearestEven || !(float.IsNormal(sum) || sum == 0))
        {
            return FpSoft<Binary32>.Add(a, b, ref env);
        }

        float part = sum - x;
        return Exactly(sum, (x - (sum - part)) + (y - part) == 0, ref env);
    }

    /// <inheritdoc/>
    public static ulong Subtract(ulong a, ulong b, ref FpEnvironment env) =>
        Add(a, FpDerived<Fp32>.NegateNumber(b), ref env);

    /// <inheritdoc/>
    public static ulong Multiply(ulong a, ulong b, ref FpEnvironment env)
    {
        double product = (double)Float(a) * Float(b);
        float result = (float)product;
        return env.Rounding == FpRounding.NearestEven && IsOrdinary(result)
            ? Exactly(result, result == product, ref env)
            : FpSoft<Binary32>.Multiply(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong Divide(ulong a, ulong b, ref FpEnvironment env)
    {
        float x = Float(a), y = Float(b), quotient = x / y;
        return env.Rounding == FpRounding.NearestEven && IsOrdinary(quotient)
            ? Exactly(quotient, (double)quotient * y == x, ref env)
            : FpSoft<Binary32>.Divide(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong SquareRoot(ulong a, ref FpEnvironment env)
    {
        float x = Float(a), root = MathF.Sqrt(x);
        return env.Rounding == FpRounding.NearestEven && IsOrdinary(root)
            ? Exactly(root, (double)root * root == x, ref env)
            : FpSoft<Binary32>.SquareRoot(a, ref env);
    }

    /// <inheritdoc/>
    public static ulong MultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env)
    {
        float x = Float(a), y = Float(b), z = Float(c), result = MathF.FusedMultiplyAdd(x, y, z);
        if (env.Rounding != FpRounding.NearestEven || !IsOrdinary(result))
        {
            return FpSoft<Binary32>.MultiplyAdd(a, b, c, ref env);
        }

        double sum = Fp64.TwoSum((double)x * y, z, out double error);
        return Exactly(result, error == 0 && result == sum, ref env);
    }

    /// <inheritdoc/>
    public static ulong Max(ulong a, ulong b, ref FpEnvironment env)
    {
        float x = Float(a), y = Float(b);
        return x > y ? a : x < y ? b : FpSoft<Binary32>.Max(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong Min(ulong a, ulong b, ref FpEnvironment env)
    {
        float x = Float(a), y = Float(b);
        return x < y ? a : x > y ? b : FpSoft<Binary32>.Min(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong MaxMagnitude(ulong a, ulong b, ref FpEnvironment env)
    {
        float x = Math.Abs(Float(a)), y = Math.Abs(Float(b));
        return x > y ? a : x < y ? b : FpSoft<Binary32>.MaxMagnitude(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong MinMagnitude(ulong a, ulong b, ref FpEnvironment env)
    {
        float x = Math.Abs(Float(a)), y = Math.Abs(Float(b));
        return x < y ? a : x > y ? b : FpSoft<Binary32>.MinMagnitude(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong ScaleB(ulong a, long n, ref FpEnvironment env) => FpSoft<Binary32>.ScaleB(a, n, ref env);

    /// <inheritdoc/>
    public static ulong LogB(ulong a, ref FpEnvironment env) => FpSoft<Binary32>.LogB(a, ref env);

    /// <inheritdoc/>
    public static FpRelation Compare(ulong a, ulong b, bool signaling, ref FpEnvironment env)
    {
        float x = Float(a), y = Float(b);
        return x < y ? FpRelation.Less : x == y ? FpRelation.Equal : x > y ? FpRelation.Greater
            : FpSoft<Binary32>.Compare(a, b, signaling, ref env);
    }

    /// <inheritdoc/>
    public static uint Class(ulong a) => FpSoft<Binary32>.Class(a);

    /// <inheritdoc/>
    public static ulong RoundToInteger(ulong a, FpRounding rounding, ref FpEnvironment env)
    {
        float x = Float(a);
        if (!float.IsFinite(x))
        {
            return FpSoft<Binary32>.RoundToInteger(a, rounding, ref env);
        }

        double integer = Fp64.ToIntegral(x, rounding);
        return Exactly((float)integer, integer == x, ref env);
    }

    /// <inheritdoc/>
    public static long ToInteger(ulong a, int bits, FpRounding rounding, ref FpEnvironment env)
    {
        float x = Float(a);
        return float.IsNaN(x)
            ? FpSoft<Binary32>.ToInteger(a, bits, rounding, ref env)
            : Fp64.ToInteger(DoubleToUInt64Bits(x), bits, rounding, ref env);
    }

    /// <inheritdoc/>
    public static ulong ToUnsigned(ulong a, int bits, FpRounding rounding, ref FpEnvironment env) =>
        FpSoft<Binary32>.ToUnsigned(a, bits, rounding, ref env);

    /// <inheritdoc/>
    public static ulong FromInteger(long x, ref FpEnvironment env)
    {
        float result = x;
        bool returns = Math.Abs(x >> 1) < 1L << 61, exact = returns && (long)result == x;
        return exact || (returns && env.Rounding == FpRounding.NearestEven)
            ? Exactly(result, exact, ref env)
            : FpSoft<Binary32>.FromInteger(x, ref env);
    }

    /// <inheritdoc/>
    public static ulong FromUnsigned(ulong x, ref FpEnvironment env) => FpSoft<Binary32>.FromUnsigned(x, ref env);

    /// <summary>convertFormat from double precision: fcvt.s.d.</summary>
    public static ulong FromDouble(ulong a, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a);
        float result = (float)x;
        return env.Rounding == FpRounding.NearestEven && IsOrdinary(result)
            ? Exactly(result, result == x, ref env)
            : FpSoft<Binary32>.ConvertFrom<Binary64>(a, ref env);
    }

    private static float Float(ulong x) => UInt32BitsToSingle((uint)x);

    /// <summary>Whether x is finite and certainly was no tiny number before rounding.</summary>
    private static bool IsOrdinary(float x) => ((SingleToUInt32Bits(x) >> 23) & 0xff) - 2 < 0xff - 2;

    private static ulong Exactly(float result, bool exact, ref FpEnvironment env)
    {
        env.Flags |= exact ? FpFlags.None : FpFlags.Inexact;
        return SingleToUInt32Bits(result);
    }
}
