namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Random values of which many are such that instructions change their behaviour at them.</summary>
internal static class Values
{
    private static readonly ulong[] Edges =
    [
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000, 0xffffffff7fffffff, 0x0123456789abcdef, 31, 32, 33,
        63, 64,
    ];

    private readonly record struct Format(int Fraction, int Exponent)
    {
        public ulong One => ((1ul << (Exponent - 1)) - 1) << Fraction;

        public ulong Infinity => ((1ul << Exponent) - 1) << Fraction;

        public int Bias => (1 << (Exponent - 1)) - 1;
    }

    private static readonly Format Half = new(10, 5), Single = new(23, 8), Double = new(52, 11);

    /// <summary>A general register's value.</summary>
    public static ulong Integer(Rng rng)
    {
        ulong value = rng.Next();
        value = rng.Below(4) switch
        {
            0 => Edges[rng.Below(Edges.Length)],
            1 => value >> rng.Below(64),
            2 => (ulong)((long)value >> rng.Below(64)),
            _ => value,
        };
        return rng.Once(4) ? 0 - value : value;
    }

    /// <summary>64 bits of a vector: elements of one random type, often all the same.</summary>
    public static ulong Elements(Rng rng) => rng.Below(8) switch
    {
        0 => Repeat(rng, 8),
        1 => Repeat(rng, 16),
        2 => Repeat(rng, 32),
        3 => Two(rng, Single),
        4 => Float(rng, Double),
        5 => Float(rng, Half) | Float(rng, Half) << 16 | Float(rng, Single) << 32,
        _ => Integer(rng),
    };

    /// <summary>64 bits of a floating-point register, as single or double precision.</summary>
    public static ulong Float(Rng rng, bool single)
    {
        if (!single)
        {
            return Float(rng, Double);
        }

        return (rng.Once(4) ? rng.Next() << 32 : 0xffffffff00000000) | Float(rng, Single);
    }

    /// <summary>A value that is close to another one, in one of the ways that matter.</summary>
    public static ulong Near(Rng rng, ulong value, bool single) => rng.Below(5) switch
    {
        0 => value,
        1 => value + (ulong)rng.Below(5) - 2,
        2 => value ^ (single ? 1ul << 31 : 1ul << 63),
        3 => ~value,
        _ => value ^ (1ul << rng.Below(64)),
    };

    private static ulong Repeat(Rng rng, int width)
    {
        ulong mask = (1ul << width) - 1, element = Integer(rng) & mask, result = 0;
        for (int at = 0; at < 64; at += width)
        {
            result |= element << at;
            element = rng.Once(3) ? Integer(rng) & mask : element;
        }

        return result;
    }

    private static ulong Two(Rng rng, Format format)
    {
        ulong low = Float(rng, format);
        return low | (rng.Once(2) ? low : Float(rng, format)) << 32;
    }

    private static ulong Float(Rng rng, Format f)
    {
        ulong sign = (rng.Next() & 1) << (f.Fraction + f.Exponent), fraction = Fraction(rng, f);
        int top = (1 << f.Exponent) - 1;
        int exponent = rng.Below(8) switch
        {
            0 or 1 => -1,
            2 => rng.Below(f.Fraction + 4),
            3 => top - 1 - rng.Below(f.Fraction + 4),
            4 => f.Bias + rng.Below(70) - 2,
            5 => 0,
            6 => rng.Below(top + 1),
            _ => f.Bias + rng.Below(16) - 8,
        };
        return sign | (exponent < 0 ? Special(rng, f) : (ulong)Math.Clamp(exponent, 0, top) << f.Fraction | fraction);
    }

    private static ulong Special(Rng rng, Format f)
    {
        ulong normal = 1ul << f.Fraction, quiet = normal >> 1, payload = rng.Next() & (quiet - 1);
        ReadOnlySpan<ulong> values =
        [
            0, 0, 1, normal - 1, normal, normal + 1, f.Infinity - 1, f.Infinity, f.Infinity, f.Infinity | quiet,
            f.Infinity | quiet | payload, f.Infinity | payload | 1, f.Infinity | 1, f.One, f.One + 1, f.One - 1,
            f.One + normal,
            f.One - normal, f.One | quiet, quiet, normal << 1,
        ];
        return rng.Pick(values);
    }

    /// <summary>Fractions with few bits at either end make exact results, ties and carries likely.</summary>
    private static ulong Fraction(Rng rng, Format f)
    {
        ulong bits = rng.Next() >> (64 - f.Fraction), mask = (1ul << f.Fraction) - 1;
        return mask & rng.Below(6) switch
        {
            0 => 0,
            1 => bits & bits << rng.Below(f.Fraction),
            2 => ~(bits >> rng.Below(f.Fraction)),
            3 => (rng.Next() & 15) << (f.Fraction - 4),
            4 => rng.Next() & 7,
            _ => bits,
        };
    }
}
