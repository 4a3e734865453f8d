namespace LaKvm.Cpu.Vectors;

/// <summary>The 64-bit constants of vldi and xvldi.</summary>
public static class VectorConstant
{
    private const ulong Bytes = 0x0101_0101_0101_0101, Halves = 0x0001_0001_0001_0001, Words = 0x0000_0001_0000_0001;

    /// <summary>
    /// The constant, 64 bits of it: with bit 12 clear, bits 11:10 are the element size and 9:0 a signed value; with bit
    /// 12 set, bits 11:8 name the form that the 8 bits below take. Forms 13 to 15 do not exist.
    /// </summary>
    public static ulong Expand(int imm)
    {
        ulong value = (byte)imm;
        ulong signed = (ulong)((imm << 22) >> 22);
        return ((imm >> 8) & 31) switch
        {
            < 4 => value * Bytes,
            < 8 => (ushort)signed * Halves,
            < 12 => (uint)signed * Words,
            < 16 => signed,
            int form and < 20 => (value << (8 * (form & 3))) * Words,
            20 => value * Halves,
            21 => (value << 8) * Halves,
            22 => ((value << 8) | 0xff) * Words,
            23 => ((value << 16) | 0xffff) * Words,
            24 => value * Bytes,
            25 => SpreadBits(value),
            26 => Single(value) * Words,
            27 => Single(value),
            _ => Double(value),
        };
    }

    /// <summary>Whether the immediate has a form that exists; others raise INE.</summary>
    public static bool Exists(int imm) => ((imm >> 8) & 31) < 29;

    /// <summary>Each bit becomes a byte of ones or zeros.</summary>
    private static ulong SpreadBits(ulong value)
    {
        ulong result = 0;
        for (int bit = 0; bit < 8; bit++)
        {
            result |= (0UL - ((value >> bit) & 1)) & (0xffUL << (8 * bit));
        }

        return result;
    }

    /// <summary>Sign, three bits of exponent and four of fraction, as single precision.</summary>
    private static ulong Single(ulong value) =>
        ((value & 0x80) << 24) | ((value & 0x40) != 0 ? 0x3e00_0000UL : 0x4000_0000) | ((value & 0x3f) << 19);

    /// <summary>The same as double precision.</summary>
    private static ulong Double(ulong value) =>
        ((value & 0x80) << 56) | ((value & 0x40) != 0 ? 0x3fc0_0000_0000_0000UL : 0x4000_0000_0000_0000)
        | ((value & 0x3f) << 48);
}
