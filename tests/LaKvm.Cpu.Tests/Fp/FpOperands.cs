namespace LaKvm.Cpu.Tests.Fp;

/// <summary>
/// Operands for floating-point tests in the manner of TestFloat: exponents at and around every edge of the format, each
/// with fractions that are empty, full, or have a single bit set or clear at either end; and pseudo-random numbers.
/// </summary>
internal static class FpOperands
{
    /// <summary>The edge values, both signs.</summary>
    public static ulong[] Edges(bool single)
    {
        (int fractionBits, int exponentBits) = single ? (23, 8) : (52, 11);
        ulong full = (1UL << fractionBits) - 1, top = 1UL << (fractionBits - 1), middle = 1UL << (fractionBits / 2);
        ulong[] fractions = [0, 1, 2, middle, middle - 1, top - 1, top, top + 1, full - 1, full];
        int bias = (1 << (exponentBits - 1)) - 1, last = (2 * bias) + 1;
        int[] exponents =
        [
            0, 1, 2, fractionBits, bias / 2, bias - fractionBits - 1, bias - 1, bias, bias + 1, bias + fractionBits,
            bias + 31, bias + 62, bias + 63, last - 2, last - 1, last,
        ];
        return [.. from sign in (ulong[])[0, 1]
                   from exponent in exponents.Distinct()
                   from fraction in fractions.Distinct()
                   select sign << (fractionBits + exponentBits) | (ulong)exponent << fractionBits | fraction];
    }

    /// <summary>A pseudo-random operand; related to <paramref name="other"/> every other time.</summary>
    public static ulong Next(Random random, bool single, ulong other = 0)
    {
        (int fractionBits, int exponentBits) = single ? (23, 8) : (52, 11);
        ulong mask = (1UL << (fractionBits + exponentBits + 1)) - 1;
        ulong bits = (ulong)random.NextInt64(long.MinValue, long.MaxValue) & mask;
        ulong fractionMask = (1UL << fractionBits) - 1;
        ulong sparse = (ulong)random.NextInt64() & (ulong)random.NextInt64() & (ulong)random.NextInt64() & fractionMask;
        ulong near = other + (ulong)random.Next(-3, 4);
        return (random.Next(6) switch
        {
            0 => near,
            1 => near ^ (1UL << (fractionBits + exponentBits)),
            2 => (other & ~fractionMask) + ((ulong)random.Next(-60, 60) << fractionBits) + sparse,
            3 => (bits & ~fractionMask) | sparse,
            _ => bits,
        }) & mask;
    }
}
