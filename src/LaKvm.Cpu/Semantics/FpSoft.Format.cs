using System.Numerics;

namespace LaKvm.Cpu;

/// <summary>
/// IEEE 754-2008 arithmetic on bit patterns by integer arithmetic alone: any rounding mode, all five exceptions. The
/// reference that the fast paths of <see cref="Fp32"/> and <see cref="Fp64"/> are proven against, and what they fall
/// back on. This part: encodings, NaNs, the rounding that every operation ends in, comparison.
/// </summary>
/// <typeparam name="F">Format of the operands and of the result; patterns stand in the low bits of a ulong.</typeparam>
internal static partial class FpSoft<F>
    where F : struct, IFpFormat
{
    public static ulong SignBit => 1UL << (F.FractionBits + F.ExponentBits);

    public static ulong Infinity => ((1UL << F.ExponentBits) - 1) << F.FractionBits;

    public static ulong QuietBit => 1UL << (F.FractionBits - 1);

    /// <summary>The NaN of an invalid operation without a NaN operand (manual vol. 1, 3.1.1.3).</summary>
    public static ulong DefaultNaN => Infinity | QuietBit;

    public static ulong One => (ulong)Bias << F.FractionBits;

    private static int Bias => (1 << (F.ExponentBits - 1)) - 1;

    private static int MaxBiased => (1 << F.ExponentBits) - 1;

    /// <summary>Bits of a normalised 64-bit significand that do not fit into the format.</summary>
    private static int ExtraBits => 63 - F.FractionBits;

    public static bool IsNegative(ulong x) => (x & SignBit) != 0;

    public static ulong Magnitude(ulong x) => x & ~SignBit;

    public static bool IsNaN(ulong x) => Magnitude(x) > Infinity;

    public static bool IsSignaling(ulong x) => IsNaN(x) && (x & QuietBit) == 0;

    public static bool IsInfinity(ulong x) => Magnitude(x) == Infinity;

    public static bool IsZero(ulong x) => Magnitude(x) == 0;

    private static ulong Signed(bool negative, ulong magnitude) => negative ? magnitude | SignBit : magnitude;

    private static ulong Invalid(ref FpEnvironment env)
    {
        env.Flags |= FpFlags.Invalid;
        return DefaultNaN;
    }

    /// <summary>The NaN that a NaN operand becomes.</summary>
    public static ulong Quiet(ulong nan, ref FpEnvironment env)
    {
        if (IsSignaling(nan))
        {
            env.Flags |= FpFlags.Invalid;
        }

        return nan | QuietBit;
    }

    /// <summary>
    /// Result of an operation with a NaN among its operands: the first signaling one, else the first one (manual
    /// vol. 1, 3.1.1.3).
    /// </summary>
    public static ulong Propagate(ulong first, ulong second, ref FpEnvironment env)
    {
        bool takeFirst = IsSignaling(first) || (IsNaN(first) && !IsSignaling(second));
        return Quiet(takeFirst ? first : second, ref env);
    }

    /// <summary>Takes apart a finite number other than zero.</summary>
    public static FpNumber Unpack(ulong x)
    {
        ulong magnitude = Magnitude(x);
        int biased = (int)(magnitude >> F.FractionBits);
        ulong fraction = magnitude & ((1UL << F.FractionBits) - 1);
        if (biased == 0)
        {
            int zeros = BitOperations.LeadingZeroCount(fraction);
            return new FpNumber(IsNegative(x), 1 - Bias + ExtraBits - zeros, fraction << zeros);
        }

        return new FpNumber(IsNegative(x), biased - Bias, (fraction | (1UL << F.FractionBits)) << ExtraBits);
    }

    /// <summary>Shifts right; bit 0 of the result is also set when a lost bit was.</summary>
    private static ulong ShiftRightSticky(ulong x, int count) => count switch
    {
        0 => x,
        < 64 => (x >> count) | ((x << (64 - count)) != 0 ? 1UL : 0),
        _ => x != 0 ? 1UL : 0,
    };

    /// <inheritdoc cref="ShiftRightSticky(ulong, int)"/>
    private static UInt128 ShiftRightSticky(UInt128 x, int count) => count switch
    {
        0 => x,
        < 128 => (x >> count) | ((x << (128 - count)) != UInt128.Zero ? UInt128.One : UInt128.Zero),
        _ => x != UInt128.Zero ? UInt128.One : UInt128.Zero,
    };

    /// <summary>
    /// Whether rounding away the bits <paramref name="lost"/> (of which <paramref name="half"/> is the top one)
    /// increments.
    /// </summary>
    private static bool RoundsUp(FpRounding rounding, bool sign, bool odd, ulong lost, ulong half) => rounding switch
    {
        FpRounding.NearestEven => lost > half || (lost == half && odd),
        FpRounding.Up => !sign && lost != 0,
        FpRounding.Down => sign && lost != 0,
        _ => false,
    };

    /// <summary>The upper bits of a significand, rounded to the format's precision.</summary>
    private static ulong RoundSignificand(FpRounding rounding, bool sign, ulong significand)
    {
        ulong kept = significand >> ExtraBits;
        ulong lost = significand & ((1UL << ExtraBits) - 1);
        return RoundsUp(rounding, sign, (kept & 1) != 0, lost, 1UL << (ExtraBits - 1)) ? kept + 1 : kept;
    }

    /// <summary>
    /// Rounds (-1)^sign * significand * 2^(exponent - 63) into the format. Bit 63 need not be set; bits that an earlier
    /// step lost are in bit 0. The significand is not zero.
    /// </summary>
    public static ulong Round(bool sign, int exponent, ulong significand, ref FpEnvironment env)
    {
        int zeros = BitOperations.LeadingZeroCount(significand);
        significand <<= zeros;
        int biased = exponent - zeros + Bias;
        if (biased <= 0)
        {
            return RoundSubnormal(sign, biased, significand, ref env);
        }

        ulong lost = significand & ((1UL << ExtraBits) - 1);
        ulong rounded = RoundSignificand(env.Rounding, sign, significand);

        // The implicit bit is still in the significand: adding makes it the exponent's last unit, and a carry the next.
        ulong magnitude = ((ulong)(biased - 1) << F.FractionBits) + rounded;
        if (biased >= MaxBiased || magnitude >= Infinity)
        {
            return Overflow(sign, ref env);
        }

        env.Flags |= lost != 0 ? FpFlags.Inexact : FpFlags.None;
        return Signed(sign, magnitude);
    }

    public static ulong Round(FpNumber x, ref FpEnvironment env) => Round(x.Sign, x.Exponent, x.Significand, ref env);

    private static ulong Overflow(bool sign, ref FpEnvironment env)
    {
        env.Flags |= FpFlags.Overflow | FpFlags.Inexact;
        bool toInfinity = env.Rounding switch
        {
            FpRounding.NearestEven => true,
            FpRounding.Up => !sign,
            FpRounding.Down => sign,
            _ => false,
        };
        return Signed(sign, toInfinity ? Infinity : Infinity - 1);
    }

    /// <summary>Rounds a number below the normal range before rounding: biased exponent 0 or less.</summary>
    private static ulong RoundSubnormal(bool sign, int biased, ulong significand, ref FpEnvironment env)
    {
        // Tiny, after rounding: what rounding with unbounded exponent gives is below the smallest normal number.
        bool tiny = biased < 0 || RoundSignificand(env.Rounding, sign, significand) < 2UL << F.FractionBits;

        significand = ShiftRightSticky(significand, 1 - biased);
        bool inexact = (significand & ((1UL << ExtraBits) - 1)) != 0;
        if (inexact)
        {
            env.Flags |= FpFlags.Inexact;
        }

        if (tiny && (inexact || (env.Enables & FpFlags.Underflow) != 0))
        {
            env.Flags |= FpFlags.Underflow;
        }

        return Signed(sign, RoundSignificand(env.Rounding, sign, significand));
    }

    /// <summary>Compares; invalid for a signaling NaN, and for any NaN if <paramref name="signaling"/>.</summary>
    public static FpRelation Compare(ulong a, ulong b, bool signaling, ref FpEnvironment env)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            if (signaling || IsSignaling(a) || IsSignaling(b))
            {
                env.Flags |= FpFlags.Invalid;
            }

            return FpRelation.Unordered;
        }

        long x = Order(a), y = Order(b);
        return x < y ? FpRelation.Less : x == y ? FpRelation.Equal : FpRelation.Greater;
    }

    /// <summary>An integer that orders as the number does.</summary>
    private static long Order(ulong x) => IsNegative(x) ? -(long)Magnitude(x) : (long)Magnitude(x);

    /// <summary>maxNum(a, b): a single quiet NaN gives way to the other operand; +0 is greater than -0.</summary>
    public static ulong Max(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreater(a, b) ? a : b;

    /// <summary>minNum(a, b).</summary>
    public static ulong Min(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreater(a, b) ? b : a;

    /// <summary>maxNumMag(a, b): by magnitude, then by value.</summary>
    public static ulong MaxMagnitude(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreaterMagnitude(a, b) ? a : b;

    /// <summary>minNumMag(a, b).</summary>
    public static ulong MinMagnitude(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreaterMagnitude(a, b) ? b : a;

    private static ulong NumberOf(ulong a, ulong b, ref FpEnvironment env)
    {
        bool choose = !IsSignaling(a) && !IsSignaling(b) && IsNaN(a) != IsNaN(b);
        return choose ? (IsNaN(a) ? b : a) : Propagate(a, b, ref env);
    }

    private static bool IsGreater(ulong a, ulong b) =>
        Order(a) != Order(b) ? Order(a) > Order(b) : !IsNegative(a);

    private static bool IsGreaterMagnitude(ulong a, ulong b) =>
        Magnitude(a) != Magnitude(b) ? Magnitude(a) > Magnitude(b) : IsGreater(a, b);

    /// <summary>
    /// fclass: one of 10 bits. 0 signaling NaN, 1 quiet NaN; 2 to 5 negative infinity, normal, subnormal, zero; 6 to 9
    /// the same, positive (manual vol. 1, 3.2.1.8).
    /// </summary>
    public static uint Class(ulong x)
    {
        if (IsNaN(x))
        {
            return IsSignaling(x) ? 1u : 2u;
        }

        ulong magnitude = Magnitude(x);
        int kind = magnitude == Infinity ? 0 : magnitude >= 1UL << F.FractionBits ? 1 : magnitude != 0 ? 2 : 3;
        return 1u << (kind + (IsNegative(x) ? 2 : 6));
    }
}
