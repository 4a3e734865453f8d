using System.Numerics;

namespace LaKvm.Cpu.Tests.Fp;

/// <summary>
/// The integer-only arithmetic against exact fractions, in all rounding modes: numbers only, as NaNs, infinities and
/// zero results are the vectors' business.
/// </summary>
public sealed class SoftFloatTests
{
    /// <summary>Precision of a root before it is rounded: far beyond any tie.</summary>
    private const int RootBits = 200;

    private static readonly string[] Names = ["add", "mul", "div", "madd", "sqrt"];

    public static TheoryData<string, FpRounding> Cases()
    {
        TheoryData<string, FpRounding> cases = [];
        foreach (string name in Names.SelectMany(name => (string[])[name + ".s", name + ".d"]).Append("cvt.s.d"))
        {
            foreach (FpRounding rounding in Enum.GetValues<FpRounding>())
            {
                cases.Add(name, rounding);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Operation_on_random_numbers_is_rounded_as_defined(string name, FpRounding rounding) =>
        CheckRandom(name, rounding, 5_000, seed: 4);

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Cases))]
    public void Operation_on_very_many_numbers_is_rounded_as_defined(string name, FpRounding rounding) =>
        CheckRandom(name, rounding, 1_000_000, seed: 5);

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Cases))]
    public void Operation_on_edge_numbers_is_rounded_as_defined(string name, FpRounding rounding)
    {
        FpOperation operation = FpOperation.All[name];
        ulong[] edges = [.. FpOperands.Edges(operation.Single).Where(x => IsNumber(x, operation.Single))];
        Random random = new(6);
        foreach (ulong a in edges)
        {
            foreach (ulong b in operation.Operands > 1 ? edges : [edges[0]])
            {
                Check(operation, rounding, a, b, edges[random.Next(edges.Length)]);
            }
        }
    }

    private static void CheckRandom(string name, FpRounding rounding, int count, int seed)
    {
        FpOperation operation = FpOperation.All[name];
        Random random = new(seed);
        for (int n = 0; n < count; n++)
        {
            ulong a = FpOperands.Next(random, operation.Single), b = FpOperands.Next(random, operation.Single, a);
            ulong c = FpOperands.Next(random, operation.Single, random.Next(2) == 0 ? a : b);
            if (IsNumber(a, operation.Single) && IsNumber(b, operation.Single) && IsNumber(c, operation.Single))
            {
                Check(operation, rounding, a, b, c);
            }
        }
    }

    private static bool IsNumber(ulong x, bool single) => single
        ? float.IsFinite(BitConverter.UInt32BitsToSingle((uint)x)) && (x << 33) != 0
        : double.IsFinite(BitConverter.UInt64BitsToDouble(x)) && (x << 1) != 0;

    private static void Check(FpOperation operation, FpRounding rounding, ulong a, ulong b, ulong c)
    {
        if (Expect(operation, rounding, a, b, c) is not (ulong expected, FpFlags flags))
        {
            return;
        }

        FpEnvironment env = new(rounding, FpFlags.None);
        ulong actual = operation.Soft(a, b, c, ref env);
        if (actual != expected || env.Flags != flags)
        {
            Assert.Fail(
                $"{operation.Name} {rounding} {a:x} {b:x} {c:x}: {actual:x} {env.Flags}, not {expected:x} {flags}");
        }
    }

    /// <summary>Null where the exact result is zero or not real.</summary>
    private static (ulong Result, FpFlags Flags)? Expect(
        FpOperation operation, FpRounding rounding, ulong a, ulong b, ulong c)
    {
        ExactReference operands = new(operation.Single, rounding);
        ExactReference target = operation.Name == "cvt.s.d" ? new(true, rounding) : operands;
        (BigInteger x, int ex) = operands.Value(a);
        (BigInteger y, int ey) = operands.Value(b);
        (BigInteger z, int ez) = operands.Value(c);
        (BigInteger numerator, BigInteger denominator, int exponent) = operation.Name[..^2] switch
        {
            "add" => Sum(x, ex, y, ey),
            "mul" => (x * y, BigInteger.One, ex + ey),
            "div" => (x * y.Sign, BigInteger.Abs(y), ex - ey),
            "madd" => Sum(x * y, ex + ey, z, ez),
            "sqrt" => Root(x, ex),
            _ => (x, BigInteger.One, ex),
        };
        return numerator.IsZero ? null : (target.Round(numerator, denominator, exponent), target.Flags);
    }

    private static (BigInteger Numerator, BigInteger Denominator, int Exponent) Sum(
        BigInteger x, int ex, BigInteger y, int ey)
    {
        int exponent = Math.Min(ex, ey);
        return ((x << (ex - exponent)) + (y << (ey - exponent)), BigInteger.One, exponent);
    }

    /// <summary>An inexact root is replaced by the middle between two neighbours of a much higher precision.</summary>
    private static (BigInteger Numerator, BigInteger Denominator, int Exponent) Root(BigInteger x, int ex)
    {
        if (x.Sign < 0)
        {
            return default;
        }

        int odd = ex & 1;
        BigInteger radicand = x << (odd + (2 * RootBits)), root = BigInteger.Zero;
        for (int bit = (int)(radicand.GetBitLength() / 2); bit >= 0; bit--)
        {
            BigInteger trial = root | (BigInteger.One << bit);
            root = trial * trial <= radicand ? trial : root;
        }

        BigInteger twice = root * root == radicand ? 2 * root : (2 * root) + 1;
        return (twice, BigInteger.One, ((ex - odd) / 2) - RootBits - 1);
    }
}
