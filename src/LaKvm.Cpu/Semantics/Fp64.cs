using static System.BitConverter;

namespace LaKvm.Cpu;

/// <summary>
/// Double precision. Rounding to nearest goes through the host's FPU, which rounds as IEEE 754 says; what the host does
/// not tell is whether it rounded, so each operation calculates its own rounding error exactly (error-free
/// transformations) and is inexact where that is not zero. Wherever the error itself might not be representable, or
/// the result is not an ordinary number, <see cref="FpSoft{F}"/> does the work.
/// </summary>
public readonly struct Fp64 : IFp
{
    /// <summary>
    /// Biased exponent from which the error of a product or quotient, 106 bits further down, is a normal number.
    /// </summary>
    private const ulong SafeExponent = 128;

    /// <summary>2^1023: two numbers below add up to a finite one.</summary>
    private const double HalfRange = 8.98846567431158e307;

    /// <inheritdoc/>
    public static ulong SignBit => FpSoft<Binary64>.SignBit;

    /// <inheritdoc/>
    public static ulong One => FpSoft<Binary64>.One;

    /// <inheritdoc/>
    public static bool IsNaN(ulong x) => FpSoft<Binary64>.IsNaN(x);

    /// <inheritdoc/>
    public static ulong Read(ulong register) => register;

    /// <inheritdoc/>
    public static ulong Box(ulong value) => value;

    /// <inheritdoc/>
    public static ulong Add(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b), sum = x + y;

        // A sum is never rounded to a subnormal number or to zero: tiny sums are exact.
        if (env.Rounding != FpRounding.NearestEven || !(double.IsNormal(sum) || sum == 0))
        {
            return FpSoft<Binary64>.Add(a, b, ref env);
        }

        double part = sum - x;
        return Exactly(sum, (x - (sum - part)) + (y - part) == 0, ref env);
    }

    /// <inheritdoc/>
    public static ulong Subtract(ulong a, ulong b, ref FpEnvironment env) =>
        Add(a, FpDerived<Fp64>.NegateNumber(b), ref env);

    /// <inheritdoc/>
    public static ulong Multiply(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b), product = x * y;
        return env.Rounding == FpRounding.NearestEven && ExponentIs(product, SafeExponent)
            ? Exactly(product, Math.FusedMultiplyAdd(x, y, -product) == 0, ref env)
            : FpSoft<Binary64>.Multiply(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong Divide(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b), quotient = x / y;
        return env.Rounding == FpRounding.NearestEven && ExponentIs(quotient, 2) && ExponentIs(x, SafeExponent)
            ? Exactly(quotient, Math.FusedMultiplyAdd(-quotient, y, x) == 0, ref env)
            : FpSoft<Binary64>.Divide(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong SquareRoot(ulong a, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), root = Math.Sqrt(x);
        return env.Rounding == FpRounding.NearestEven && x > 0 && ExponentIs(x, SafeExponent)
            ? Exactly(root, Math.FusedMultiplyAdd(root, root, -x) == 0, ref env)
            : FpSoft<Binary64>.SquareRoot(a, ref env);
    }

    /// <inheritdoc/>
    public static ulong MultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b), z = UInt64BitsToDouble(c), product = x * y;
        double result = Math.FusedMultiplyAdd(x, y, z);
        bool safe = env.Rounding == FpRounding.NearestEven && ExponentIs(product, SafeExponent) && ExponentIs(result, 2)
            && Math.Abs(product) < HalfRange && Math.Abs(z) < HalfRange;
        if (!safe)
        {
            return FpSoft<Binary64>.MultiplyAdd(a, b, c, ref env);
        }

        // a * b + c = sum + sumError + productError. The result is near the sum, so that their difference is exact;
        // with sumError it makes two numbers without common bits, which must be -productError and 0.
        double productError = Math.FusedMultiplyAdd(x, y, -product);
        double sum = TwoSum(product, z, out double sumError);
        double rest = TwoSum(sum - result, sumError, out double restError);
        return Exactly(result, rest == -productError && restError == 0, ref env);
    }

    /// <inheritdoc/>
    public static ulong Max(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b);
        return x > y ? a : x < y ? b : FpSoft<Binary64>.Max(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong Min(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b);
        return x < y ? a : x > y ? b : FpSoft<Binary64>.Min(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong MaxMagnitude(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = Math.Abs(UInt64BitsToDouble(a)), y = Math.Abs(UInt64BitsToDouble(b));
        return x > y ? a : x < y ? b : FpSoft<Binary64>.MaxMagnitude(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong MinMagnitude(ulong a, ulong b, ref FpEnvironment env)
    {
        double x = Math.Abs(UInt64BitsToDouble(a)), y = Math.Abs(UInt64BitsToDouble(b));
        return x < y ? a : x > y ? b : FpSoft<Binary64>.MinMagnitude(a, b, ref env);
    }

    /// <inheritdoc/>
    public static ulong ScaleB(ulong a, long n, ref FpEnvironment env) => FpSoft<Binary64>.ScaleB(a, n, ref env);

    /// <inheritdoc/>
    public static ulong LogB(ulong a, ref FpEnvironment env) => FpSoft<Binary64>.LogB(a, ref env);

    /// <inheritdoc/>
    public static FpRelation Compare(ulong a, ulong b, bool signaling, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), y = UInt64BitsToDouble(b);
        return x < y ? FpRelation.Less : x == y ? FpRelation.Equal : x > y ? FpRelation.Greater
            : FpSoft<Binary64>.Compare(a, b, signaling, ref env);
    }

    /// <inheritdoc/>
    public static uint Class(ulong a) => FpSoft<Binary64>.Class(a);

    /// <inheritdoc/>
    public static ulong RoundToInteger(ulong a, FpRounding rounding, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a);
        if (!double.IsFinite(x))
        {
            return FpSoft<Binary64>.RoundToInteger(a, rounding, ref env);
        }

        double integer = ToIntegral(x, rounding);
        return Exactly(integer, integer == x, ref env);
    }

    /// <inheritdoc/>
    public static long ToInteger(ulong a, int bits, FpRounding rounding, ref FpEnvironment env)
    {
        double x = UInt64BitsToDouble(a), integer = ToIntegral(x, rounding);
        if (!(Math.Abs(integer) < (bits == 32 ? 2147483648.0 : 9223372036854775808.0)))
        {
            return FpSoft<Binary64>.ToInteger(a, bits, rounding, ref env);
        }

        Exactly(x, integer == x, ref env);
        return (long)integer;
    }

    /// <inheritdoc/>
    public static ulong ToUnsigned(ulong a, int bits, FpRounding rounding, ref FpEnvironment env) =>
        FpSoft<Binary64>.ToUnsigned(a, bits, rounding, ref env);

    /// <inheritdoc/>
    public static ulong FromInteger(long x, ref FpEnvironment env)
    {
        double result = x;
        bool returns = Math.Abs(x >> 1) < 1L << 61, exact = returns && (long)result == x;
        return exact || (returns && env.Rounding == FpRounding.NearestEven)
            ? Exactly(result, exact, ref env)
            : FpSoft<Binary64>.FromInteger(x, ref env);
    }

    /// <inheritdoc/>
    public static ulong FromUnsigned(ulong x, ref FpEnvironment env) => FpSoft<Binary64>.FromUnsigned(x, ref env);

    /// <summary>convertFormat from single precision: fcvt.d.s. Exact for every number.</summary>
    public static ulong FromSingle(ulong a, ref FpEnvironment env)
    {
        float x = UInt32BitsToSingle((uint)a);
        return float.IsNaN(x) ? FpSoft<Binary64>.ConvertFrom<Binary32>(a, ref env) : DoubleToUInt64Bits(x);
    }

    /// <summary>x rounded to an integral value; a NaN where it is none.</summary>
    internal static double ToIntegral(double x, FpRounding rounding) => rounding switch
    {
        FpRounding.NearestEven => Math.Round(x),
        FpRounding.TowardZero => Math.Truncate(x),
        FpRounding.Up => Math.Ceiling(x),
        _ => Math.Floor(x),
    };

    /// <summary>Rounded sum and its error: x + y = result + error.</summary>
    internal static double TwoSum(double x, double y, out double error)
    {
        double sum = x + y, part = sum - x;
        error = (x - (sum - part)) + (y - part);
        return sum;
    }

    /// <summary>Whether the biased exponent of x is at least <paramref name="least"/>, and x is finite.</summary>
    private static bool ExponentIs(double x, ulong least) =>
        ((DoubleToUInt64Bits(x) >> 52) & 0x7ff) - least < 0x7ff - least;

    private static ulong Exactly(double result, bool exact, ref FpEnvironment env)
    {
        env.Flags |= exact ? FpFlags.None : FpFlags.Inexact;
        return DoubleToUInt64Bits(result);
    }
}
