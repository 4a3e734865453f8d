namespace LaKvm.Cpu.Tests.Integer;

/// <summary>The corners that .NET arithmetic gets wrong or throws on; the vectors cover the rest.</summary>
public sealed class ArithmeticTests
{
    private const ulong Minimum = 1UL << 63, Minimum32 = 0xffff_ffff_8000_0000;

    [Fact]
    public void Division_overflow_wraps_and_leaves_no_remainder()
    {
        IntegerArithmetic.DivD(Minimum, ulong.MaxValue).Should().Be(Minimum);
        IntegerArithmetic.ModD(Minimum, ulong.MaxValue).Should().Be(0);
        IntegerArithmetic.DivW(Minimum32, ulong.MaxValue).Should().Be(Minimum32);
        IntegerArithmetic.ModW(Minimum32, ulong.MaxValue).Should().Be(0);
        IntegerArithmetic.DivD(7, ulong.MaxValue).Should().Be(unchecked((ulong)-7));
        IntegerArithmetic.ModD(7, unchecked((ulong)-2)).Should().Be(1);
    }

    [Fact]
    public void Division_by_zero_counts_the_divisor_as_one()
    {
        IntegerArithmetic.DivD(Minimum, 0).Should().Be(Minimum);
        IntegerArithmetic.ModD(7, 0).Should().Be(0);
        IntegerArithmetic.DivDu(7, 0).Should().Be(7);
        IntegerArithmetic.ModDu(7, 0).Should().Be(0);
        IntegerArithmetic.DivW(Minimum32, 0).Should().Be(Minimum32);
        IntegerArithmetic.ModW(7, 0).Should().Be(0);
        IntegerArithmetic.DivWu(0x8000_0000, 0).Should().Be(Minimum32);
        IntegerArithmetic.ModWu(7, 0).Should().Be(0);
    }

    [Fact]
    public void High_products_match_128_bit_arithmetic()
    {
        var random = new Random(1);
        for (int n = 0; n < 1000; n++)
        {
            long j = random.NextInt64(long.MinValue, long.MaxValue), k = random.NextInt64(long.MinValue, long.MaxValue);
            IntegerArithmetic.MulhD((ulong)j, (ulong)k).Should().Be((ulong)(((Int128)j * k) >> 64));
            IntegerArithmetic.MulhDu((ulong)j, (ulong)k).Should().Be((ulong)(((UInt128)(ulong)j * (ulong)k) >> 64));
        }
    }

    [Fact]
    public void Crc_of_the_check_string_is_the_published_one()
    {
        Crc(CrcArithmetic.CrcWBW).Should().Be(0xCBF4_3926);
        Crc(CrcArithmetic.CrccWBW).Should().Be(0xE306_9283);
    }

    [Fact]
    public void Wide_crc_equals_its_bytes_one_by_one()
    {
        const ulong message = 0x8877_6655_4433_2211, seed = 0xdead_beef;
        AllWidths(CrcArithmetic.CrcWBW, CrcArithmetic.CrcWHW, CrcArithmetic.CrcWWW, CrcArithmetic.CrcWDW);
        AllWidths(CrcArithmetic.CrccWBW, CrcArithmetic.CrccWHW, CrcArithmetic.CrccWWW, CrcArithmetic.CrccWDW);

        static void AllWidths(
            Func<ulong, ulong, ulong> b, Func<ulong, ulong, ulong> h, Func<ulong, ulong, ulong> w,
        Func<ulong, ulong, ulong> d)
        {
            ulong crc = seed;
            for (int n = 0; n < 8; n++)
            {
                crc = b(message >> (8 * n), crc);
                Func<ulong, ulong, ulong>? wide = n switch { 1 => h, 3 => w, 7 => d, _ => null };
                wide?.Invoke(message, seed).Should().Be(crc);
            }
        }
    }

    private static uint Crc(Func<ulong, ulong, ulong> step)
    {
        ulong crc = uint.MaxValue;
        foreach (byte c in "123456789"u8)
        {
            crc = step(c, crc);
        }

        return ~(uint)crc;
    }
}
