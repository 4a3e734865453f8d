namespace LaKvm.Cpu;

/// <content>Sum, product, quotient, square root, fused multiply-add.</content>
internal static partial class FpSoft<F>
{
    /// <summary>addition(a, b).</summary>
    public static ulong Add(ulong a, ulong b, ref FpEnvironment env)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            return Propagate(a, b, ref env);
        }

        if (IsInfinity(a) || IsInfinity(b))
        {
            bool opposite = IsInfinity(a) && IsInfinity(b) && a != b;
            return opposite ? Invalid(ref env) : IsInfinity(a) ? a : b;
        }

        if (IsZero(a) || IsZero(b))
        {
            return AddZero(a, b, ref env);
        }

        FpNumber x = Unpack(a), y = Unpack(b);
        return x.Exponent >= y.Exponent ? AddAligned(x, y, ref env) : AddAligned(y, x, ref env);
    }

    /// <summary>subtraction(a, b). A NaN keeps its sign.</summary>
    public static ulong Subtract(ulong a, ulong b, ref FpEnvironment env) =>
        Add(a, IsNaN(b) ? b : b ^ SignBit, ref env);

    private static ulong AddZero(ulong a, ulong b, ref FpEnvironment env)
    {
        if (IsZero(a) && IsZero(b))
        {
            return a == b ? a : ExactZero(env);
        }

        return Round(Unpack(IsZero(a) ? b : a), ref env);
    }

    /// <summary>The zero that x - x is.</summary>
    private static ulong ExactZero(in FpEnvironment env) => Signed(env.Rounding == FpRounding.Down, 0);

    /// <summary>Sum of two numbers, the first one with the greater exponent or the same.</summary>
    private static ulong AddAligned(FpNumber x, FpNumber y, ref FpEnvironment env)
    {
        // One bit of headroom for the carry: the low bits of an operand are zero, none is lost.
        ulong larger = x.Significand >> 1;
        ulong smaller = ShiftRightSticky(y.Significand >> 1, x.Exponent - y.Exponent);
        if (x.Sign == y.Sign)
        {
            return Round(x.Sign, x.Exponent + 1, larger + smaller, ref env);
        }

        return larger == smaller ? ExactZero(env)
            : larger > smaller ? Round(x.Sign, x.Exponent + 1, larger - smaller, ref env)
            : Round(y.Sign, x.Exponent + 1, smaller - larger, ref env);
    }

    /// <summary>multiplication(a, b).</summary>
    public static ulong Multiply(ulong a, ulong b, ref FpEnvironment env)
    {
        bool sign = IsNegative(a ^ b);
        if (IsNaN(a) || IsNaN(b))
        {
            return Propagate(a, b, ref env);
        }

        if (IsInfinity(a) || IsInfinity(b))
        {
            return IsZero(a) || IsZero(b) ? Invalid(ref env) : Signed(sign, Infinity);
        }

        if (IsZero(a) || IsZero(b))
        {
            return Signed(sign, 0);
        }

        FpNumber x = Unpack(a), y = Unpack(b);
        ulong high = Math.BigMul(x.Significand, y.Significand, out ulong low);
        return Round(sign, x.Exponent + y.Exponent + 1, high | (low != 0 ? 1UL : 0), ref env);
    }

    /// <summary>division(a, b).</summary>
    public static ulong Divide(ulong a, ulong b, ref FpEnvironment env)
    {
        bool sign = IsNegative(a ^ b);
        if (IsNaN(a) || IsNaN(b))
        {
            return Propagate(a, b, ref env);
        }

        if (IsInfinity(a))
        {
            return IsInfinity(b) ? Invalid(ref env) : Signed(sign, Infinity);
        }

        if (IsZero(b))
        {
            if (IsZero(a))
            {
                return Invalid(ref env);
            }

            env.Flags |= FpFlags.DivideByZero;
            return Signed(sign, Infinity);
        }

        return IsZero(a) || IsInfinity(b) ? Signed(sign, 0) : DivideNumbers(sign, Unpack(a), Unpack(b), ref env);
    }

    /// <summary>Long division with digits of 11 bits: what fits besides a remainder of 53 bits.</summary>
    private static ulong DivideNumbers(bool sign, FpNumber x, FpNumber y, ref FpEnvironment env)
    {
        const int Digit = 11;
        const int Digits = 5;
        ulong divisor = y.Significand >> Digit;
        (ulong quotient, ulong rest) = Math.DivRem(x.Significand >> Digit, divisor);
        for (int n = 0; n < Digits; n++)
        {
            (ulong digit, rest) = Math.DivRem(rest << Digit, divisor);
            quotient = (quotient << Digit) | digit;
        }

        int exponent = x.Exponent - y.Exponent + 63 - (Digit * Digits);
        return Round(sign, exponent, quotient | (rest != 0 ? 1UL : 0), ref env);
    }

    /// <summary>squareRoot(a).</summary>
    public static ulong SquareRoot(ulong a, ref FpEnvironment env)
    {
        if (IsNaN(a))
        {
            return Quiet(a, ref env);
        }

        if (IsZero(a) || a == Infinity)
        {
            return a;
        }

        if (IsNegative(a))
        {
            return Invalid(ref env);
        }

        // a = m * 2^e with even e; the root of m * 2^58 has 56 bits, of which the lowest may become sticky.
        FpNumber x = Unpack(a);
        int odd = x.Exponent & 1;
        UInt128 radicand = (UInt128)(x.Significand >> 11) << (58 + odd);
        ulong root = IntegerRoot(radicand, out bool exact);
        return Round(false, ((x.Exponent - odd - 52) / 2) - 29 + 63, exact ? root : root | 1, ref env);
    }

    /// <summary>Largest integer whose square is not above a number below 2^112, bit by bit.</summary>
    private static ulong IntegerRoot(UInt128 radicand, out bool exact)
    {
        ulong root = 0;
        UInt128 rest = radicand;
        for (int bit = 55; bit >= 0; bit--)
        {
            // (root + 2^bit)^2 - root^2
            UInt128 step = ((UInt128)root << (bit + 1)) + (UInt128.One << (2 * bit));
            if (rest >= step)
            {
                rest -= step;
                root |= 1UL << bit;
            }
        }

        exact = rest == UInt128.Zero;
        return root;
    }

    /// <summary>
    /// fusedMultiplyAdd(a, b, c). A product of infinity and zero is invalid even when c is a quiet NaN, which is the
    /// result. NaN priority: c, a, b (manual vol. 1, 3.1.1.3).
    /// </summary>
    public static ulong MultiplyAdd(ulong a, ulong b, ulong c, ref FpEnvironment env)
    {
        bool invalidProduct = (IsInfinity(a) && IsZero(b)) || (IsZero(a) && IsInfinity(b));
        if (invalidProduct)
        {
            ulong nan = Invalid(ref env);
            return IsNaN(c) ? Quiet(c, ref env) : nan;
        }

        if (IsNaN(a) || IsNaN(b) || IsNaN(c))
        {
            bool takeC = IsSignaling(c) || (IsNaN(c) && !IsSignaling(a) && !IsSignaling(b));
            return takeC ? Quiet(c, ref env) : Propagate(a, b, ref env);
        }

        bool sign = IsNegative(a ^ b);
        if (IsInfinity(a) || IsInfinity(b))
        {
            ulong product = Signed(sign, Infinity);
            return IsInfinity(c) && c != product ? Invalid(ref env) : product;
        }

        if (IsInfinity(c))
        {
            return c;
        }

        return IsZero(a) || IsZero(b)
            ? AddZero(Signed(sign, 0), c, ref env)
            : MultiplyAddNumbers(sign, Unpack(a), Unpack(b), c, ref env);
    }

    private static ulong MultiplyAddNumbers(bool sign, FpNumber x, FpNumber y, ulong c, ref FpEnvironment env)
    {
        // In units of 2^(exponent - 126): the product has 106 bits, so that the shift for headroom loses none.
        UInt128 product = (UInt128)x.Significand * y.Significand >> 1;
        int exponent = x.Exponent + y.Exponent + 1;
        if (IsZero(c))
        {
            return Round(sign, exponent, product, ref env);
        }

        FpNumber z = Unpack(c);
        UInt128 addend = (UInt128)z.Significand << 63;
        int distance = exponent - z.Exponent;
        if (distance >= 0)
        {
            addend = ShiftRightSticky(addend, distance);
        }
        else
        {
            product = ShiftRightSticky(product, -distance);
            exponent = z.Exponent;
        }

        if (sign == z.Sign)
        {
            return Round(sign, exponent, product + addend, ref env);
        }

        return product == addend ? ExactZero(env)
            : product > addend ? Round(sign, exponent, product - addend, ref env)
            : Round(z.Sign, exponent, addend - product, ref env);
    }

    /// <summary>Rounds (-1)^sign * significand * 2^(exponent - 126).</summary>
    private static ulong Round(bool sign, int exponent, UInt128 significand, ref FpEnvironment env)
    {
        int zeros = (int)UInt128.LeadingZeroCount(significand);
        significand = ShiftRightSticky(significand << zeros, 64);
        return Round(sign, exponent - zeros + 1, (ulong)significand, ref env);
    }
}
