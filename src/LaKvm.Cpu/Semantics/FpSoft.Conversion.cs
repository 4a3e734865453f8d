namespace LaKvm.Cpu;

/// <content>Conversions, rounding to integers, scaling and exponents.</content>
internal static partial class FpSoft<F>
{
    /// <summary>convertFormat from <typeparamref name="G"/>. A NaN keeps the upper bits of its payload.</summary>
    public static ulong ConvertFrom<G>(ulong x, ref FpEnvironment env)
        where G : struct, IFpFormat
    {
        bool sign = FpSoft<G>.IsNegative(x);
        if (FpSoft<G>.IsNaN(x))
        {
            ulong fraction = FpSoft<G>.Quiet(x, ref env) & ((1UL << G.FractionBits) - 1);
            return Signed(sign, Infinity | (fraction << (63 - G.FractionBits) >> ExtraBits));
        }

        if (FpSoft<G>.IsInfinity(x) || FpSoft<G>.IsZero(x))
        {
            return Signed(sign, FpSoft<G>.IsZero(x) ? 0 : Infinity);
        }

        return Round(FpSoft<G>.Unpack(x), ref env);
    }

    /// <summary>convertFromInt of a signed integer.</summary>
    public static ulong FromInteger(long x, ref FpEnvironment env) =>
        FromInteger(x < 0, x < 0 ? 0 - (ulong)x : (ulong)x, ref env);

    /// <summary>convertFromInt of an unsigned integer.</summary>
    public static ulong FromUnsigned(ulong x, ref FpEnvironment env) => FromInteger(false, x, ref env);

    private static ulong FromInteger(bool sign, ulong magnitude, ref FpEnvironment env) =>
        magnitude == 0 ? 0 : Round(sign, 63, magnitude, ref env);

    /// <summary>
    /// convertToIntegerExact to a signed integer of <paramref name="bits"/> bits: out of range is invalid and
    /// saturates, a NaN is invalid and gives 0.
    /// </summary>
    public static long ToInteger(ulong x, int bits, FpRounding rounding, ref FpEnvironment env)
    {
        ulong limit = 1UL << (bits - 1);
        FpFlags before = env.Flags;
        ulong magnitude = ToMagnitude(x, rounding, out bool overflow, ref env);
        bool sign = IsNegative(x);
        if (overflow || magnitude > (sign ? limit : limit - 1))
        {
            env.Flags = before | FpFlags.Invalid;
            return IsNaN(x) ? 0 : sign ? -(long)limit : (long)(limit - 1);
        }

        return sign ? (long)(0 - magnitude) : (long)magnitude;
    }

    /// <summary>
    /// As <see cref="ToInteger"/>, to an unsigned integer: what rounds to less than 0 is out of range.
    /// </summary>
    public static ulong ToUnsigned(ulong x, int bits, FpRounding rounding, ref FpEnvironment env)
    {
        ulong max = ulong.MaxValue >> (64 - bits);
        FpFlags before = env.Flags;
        ulong magnitude = ToMagnitude(x, rounding, out bool overflow, ref env);
        bool sign = IsNegative(x);
        if (overflow || magnitude > (sign ? 0 : max))
        {
            env.Flags = before | FpFlags.Invalid;
            return IsNaN(x) || sign ? 0 : max;
        }

        return magnitude;
    }

    /// <summary>|x| rounded to an integer; overflow when it has more than 64 bits or is no number.</summary>
    private static ulong ToMagnitude(ulong x, FpRounding rounding, out bool overflow, ref FpEnvironment env)
    {
        overflow = false;
        if (IsZero(x))
        {
            return 0;
        }

        FpNumber number = Magnitude(x) >= Infinity ? default : Unpack(x);
        overflow = Magnitude(x) >= Infinity || number.Exponent > 63;
        if (overflow)
        {
            return 0;
        }

        // Integer part above, fraction below the middle of 128 bits.
        UInt128 fixedPoint = ShiftRightSticky((UInt128)number.Significand << 64, Math.Min(63 - number.Exponent, 127));
        ulong integer = (ulong)(fixedPoint >> 64);
        ulong fraction = (ulong)fixedPoint;
        if (fraction == 0)
        {
            return integer;
        }

        env.Flags |= FpFlags.Inexact;
        return RoundsUp(rounding, number.Sign, (integer & 1) != 0, fraction, 1UL << 63) ? integer + 1 : integer;
    }

    /// <summary>roundToIntegralExact in the given direction. Keeps the sign of a zero.</summary>
    public static ulong RoundToInteger(ulong x, FpRounding rounding, ref FpEnvironment env)
    {
        if (IsNaN(x))
        {
            return Quiet(x, ref env);
        }

        int exponent = (int)(Magnitude(x) >> F.FractionBits) - Bias;
        if (exponent >= F.FractionBits)
        {
            return x;
        }

        ulong magnitude = ToMagnitude(x, rounding, out _, ref env);
        return Signed(IsNegative(x), FromUnsigned(magnitude, ref env));
    }

    /// <summary>scaleB(x, n).</summary>
    public static ulong ScaleB(ulong x, long n, ref FpEnvironment env)
    {
        if (IsNaN(x))
        {
            return Quiet(x, ref env);
        }

        if (IsInfinity(x) || IsZero(x))
        {
            return x;
        }

        // Far beyond any exponent of the format, and still no overflow of the sum.
        const int Limit = 1 << 16;
        FpNumber number = Unpack(x);
        return Round(number.Sign, number.Exponent + (int)Math.Clamp(n, -Limit, Limit), number.Significand, ref env);
    }

    /// <summary>
    /// logB(x). The logarithm of a negative number is invalid, unlike in IEEE 754: flogb calculates it (manual vol. 1,
    /// 3.2.1.7), and C libraries take the absolute value first.
    /// </summary>
    public static ulong LogB(ulong x, ref FpEnvironment env)
    {
        if (IsNaN(x))
        {
            return Quiet(x, ref env);
        }

        if (IsZero(x))
        {
            env.Flags |= FpFlags.DivideByZero;
            return Signed(true, Infinity);
        }

        if (IsNegative(x))
        {
            return Invalid(ref env);
        }

        return IsInfinity(x) ? x : FromInteger(Unpack(x).Exponent, ref env);
    }
}
