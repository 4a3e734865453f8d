using System.Numerics;

namespace LaKvm.Cpu.Tests.Fp;

/// <summary>
/// IEEE 754 by its definition: the exact result as a fraction of big integers, rounded once. Slow, and unlike the code
/// under test in everything but the standard. Finite operands only.
/// </summary>
internal sealed class ExactReference(bool single, FpRounding rounding)
{
    private readonly int _fractionBits = single ? 23 : 52;
    private readonly int _exponentBits = single ? 8 : 11;

    /// <summary>Exceptions of the last <see cref="Round"/>.</summary>
    public FpFlags Flags { get; private set; }

    private int Bias => (1 << (_exponentBits - 1)) - 1;

    /// <summary>The exact value of a finite pattern: an integer times 2^exponent.</summary>
    public (BigInteger Integer, int Exponent) Value(ulong x)
    {
        int biased = (int)(x >> _fractionBits) & ((1 << _exponentBits) - 1);
        BigInteger fraction = x & ((1UL << _fractionBits) - 1);
        BigInteger integer = biased == 0 ? fraction : fraction + (BigInteger.One << _fractionBits);
        bool negative = (x >> (_fractionBits + _exponentBits)) != 0;
        return (negative ? -integer : integer, Math.Max(biased, 1) - Bias - _fractionBits);
    }

    /// <summary>Rounds numerator / denominator * 2^exponent, which is not zero; the denominator is positive.</summary>
    public ulong Round(BigInteger numerator, BigInteger denominator, int exponent)
    {
        bool negative = numerator.Sign < 0;
        numerator = BigInteger.Abs(numerator);

        // e: 2^e <= value < 2^(e + 1)
        int e = (int)(numerator.GetBitLength() - denominator.GetBitLength()) + exponent;
        if (Compare(numerator, denominator, exponent - e) < 0)
        {
            e--;
        }

        int minimum = 1 - Bias;
        BigInteger integer = ToMultiple(
            numerator, denominator, exponent, Math.Max(e, minimum) - _fractionBits, negative, out bool exact);
        BigInteger unbounded = ToMultiple(numerator, denominator, exponent, e - _fractionBits, negative, out _);
        bool tiny = e < minimum && Compare(unbounded, BigInteger.One, e - _fractionBits - minimum) < 0;
        Flags = exact ? FpFlags.None : tiny ? FpFlags.Inexact | FpFlags.Underflow : FpFlags.Inexact;
        return Encode(integer, Math.Max(e, minimum), negative);
    }

    private ulong Encode(BigInteger integer, int e, bool negative)
    {
        ulong sign = negative ? 1UL << (_fractionBits + _exponentBits) : 0;
        ulong infinity = ((1UL << _exponentBits) - 1) << _fractionBits;
        BigInteger encoded = integer + ((BigInteger)(e + Bias - 1) << _fractionBits);
        if (encoded < infinity)
        {
            return sign | (ulong)encoded;
        }

        Flags = FpFlags.Overflow | FpFlags.Inexact;
        bool away = rounding == FpRounding.NearestEven || rounding == (negative ? FpRounding.Down : FpRounding.Up);
        return sign | (away ? infinity : infinity - 1);
    }

    /// <summary>The value in units of 2^unit, rounded to an integer.</summary>
    private BigInteger ToMultiple(
        BigInteger numerator, BigInteger denominator, int exponent, int unit, bool negative, out bool exact)
    {
        int shift = exponent - unit;
        BigInteger top = shift > 0 ? numerator << shift : numerator, bottom = shift < 0 ? denominator << -shift
            : denominator;
        BigInteger quotient = BigInteger.DivRem(top, bottom, out BigInteger rest);
        exact = rest.IsZero;
        int half = (2 * rest).CompareTo(bottom);
        bool up = rounding switch
        {
            FpRounding.NearestEven => half > 0 || (half == 0 && !quotient.IsEven),
            FpRounding.Up => !negative && !exact,
            FpRounding.Down => negative && !exact,
            _ => false,
        };
        return up ? quotient + 1 : quotient;
    }

    /// <summary>Compares numerator / denominator * 2^exponent with 1.</summary>
    private static int Compare(BigInteger numerator, BigInteger denominator, int exponent) =>
        exponent > 0 ? (numerator << exponent).CompareTo(denominator) : numerator.CompareTo(denominator << -exponent);
}
