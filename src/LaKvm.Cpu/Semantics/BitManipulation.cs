using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>
/// Results of the bit-manipulation instructions (manual vol. 1, 2.2.3) as functions of their operands.
/// </summary>
public static class BitManipulation
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>ext.w.b.</summary>
    [MethodImpl(Inline)]
    public static ulong ExtWB(ulong j) => (ulong)(sbyte)j;

    /// <summary>ext.w.h.</summary>
    [MethodImpl(Inline)]
    public static ulong ExtWH(ulong j) => (ulong)(short)j;

    /// <summary>clo.w.</summary>
    [MethodImpl(Inline)]
    public static ulong CloW(ulong j) => (ulong)BitOperations.LeadingZeroCount(~(uint)j);

    /// <summary>clz.w.</summary>
    [MethodImpl(Inline)]
    public static ulong ClzW(ulong j) => (ulong)BitOperations.LeadingZeroCount((uint)j);

    /// <summary>cto.w.</summary>
    [MethodImpl(Inline)]
    public static ulong CtoW(ulong j) => (ulong)BitOperations.TrailingZeroCount(~(uint)j);

    /// <summary>ctz.w.</summary>
    [MethodImpl(Inline)]
    public static ulong CtzW(ulong j) => (ulong)BitOperations.TrailingZeroCount((uint)j);

    /// <summary>clo.d.</summary>
    [MethodImpl(Inline)]
    public static ulong CloD(ulong j) => (ulong)BitOperations.LeadingZeroCount(~j);

    /// <summary>clz.d.</summary>
    [MethodImpl(Inline)]
    public static ulong ClzD(ulong j) => (ulong)BitOperations.LeadingZeroCount(j);

    /// <summary>cto.d.</summary>
    [MethodImpl(Inline)]
    public static ulong CtoD(ulong j) => (ulong)BitOperations.TrailingZeroCount(~j);

    /// <summary>ctz.d.</summary>
    [MethodImpl(Inline)]
    public static ulong CtzD(ulong j) => (ulong)BitOperations.TrailingZeroCount(j);

    /// <summary>revb.2h: the bytes of both low halfwords swapped, the word sign-extended.</summary>
    [MethodImpl(Inline)]
    public static ulong Revb2h(ulong j) => SignExtend((uint)Revb4h(j));

    /// <summary>revb.4h: the bytes of each halfword swapped.</summary>
    [MethodImpl(Inline)]
    public static ulong Revb4h(ulong j) => ((j >> 8) & 0x00FF_00FF_00FF_00FF) | ((j & 0x00FF_00FF_00FF_00FF) << 8);

    /// <summary>revb.2w: the bytes of each word reversed.</summary>
    [MethodImpl(Inline)]
    public static ulong Revb2w(ulong j) => BitOperations.RotateRight(RevbD(j), 32);

    /// <summary>revb.d.</summary>
    [MethodImpl(Inline)]
    public static ulong RevbD(ulong j) => BinaryPrimitives.ReverseEndianness(j);

    /// <summary>revh.2w: the halfwords of each word swapped.</summary>
    [MethodImpl(Inline)]
    public static ulong Revh2w(ulong j) => ((j >> 16) & 0x0000_FFFF_0000_FFFF) | ((j & 0x0000_FFFF_0000_FFFF) << 16);

    /// <summary>revh.d.</summary>
    [MethodImpl(Inline)]
    public static ulong RevhD(ulong j) => BitOperations.RotateRight(Revh2w(j), 32);

    /// <summary>bitrev.4b: the bits of each byte of the low word reversed, the word sign-extended.</summary>
    public static ulong Bitrev4b(ulong j) => SignExtend((uint)Bitrev8b(j));

    /// <summary>bitrev.8b: the bits of each byte reversed.</summary>
    public static ulong Bitrev8b(ulong j)
    {
        j = ((j >> 1) & 0x5555_5555_5555_5555) | ((j & 0x5555_5555_5555_5555) << 1);
        j = ((j >> 2) & 0x3333_3333_3333_3333) | ((j & 0x3333_3333_3333_3333) << 2);
        return ((j >> 4) & 0x0F0F_0F0F_0F0F_0F0F) | ((j & 0x0F0F_0F0F_0F0F_0F0F) << 4);
    }

    /// <summary>bitrev.w.</summary>
    public static ulong BitrevW(ulong j) => SignExtend((uint)(BitrevD(j) >> 32));

    /// <summary>bitrev.d.</summary>
    public static ulong BitrevD(ulong j) => RevbD(Bitrev8b(j));

    /// <summary>bytepick.w: the word that starts <paramref name="bytes"/> (0 to 3) bytes into {rk, rj}.</summary>
    [MethodImpl(Inline)]
    public static ulong BytepickW(ulong j, ulong k, int bytes) =>
        SignExtend((uint)(((k << 32) | (uint)j) >> (8 * (4 - bytes))));

    /// <summary>bytepick.d; <paramref name="bytes"/> is 0 to 7.</summary>
    [MethodImpl(Inline)]
    public static ulong BytepickD(ulong j, ulong k, int bytes) =>
        bytes == 0 ? k : (k << (8 * bytes)) | (j >> (64 - (8 * bytes)));

    /// <summary>bstrpick.w: bits <paramref name="msb"/> to <paramref name="lsb"/>, as a word sign-extended.</summary>
    [MethodImpl(Inline)]
    public static ulong BstrpickW(ulong j, int msb, int lsb) => SignExtend((uint)BstrpickD((uint)j, msb, lsb));

    /// <summary>bstrpick.d.</summary>
    [MethodImpl(Inline)]
    public static ulong BstrpickD(ulong j, int msb, int lsb) => (j >> lsb) & Ones(msb - lsb);

    /// <summary>
    /// bstrins.w: the low bits of rj put into bits <paramref name="msb"/> to <paramref name="lsb"/> of rd.
    /// </summary>
    [MethodImpl(Inline)]
    public static ulong BstrinsW(ulong d, ulong j, int msb, int lsb) => SignExtend((uint)BstrinsD(d, j, msb, lsb));

    /// <summary>bstrins.d.</summary>
    [MethodImpl(Inline)]
    public static ulong BstrinsD(ulong d, ulong j, int msb, int lsb)
    {
        ulong mask = Ones(msb - lsb) << lsb;
        return (d & ~mask) | ((j << lsb) & mask);
    }

    /// <summary>
    /// <paramref name="widthMinusOne"/> + 1 ones. The manual asks for msb &gt;= lsb; otherwise the difference counts
    /// modulo 64.
    /// </summary>
    [MethodImpl(Inline)]
    private static ulong Ones(int widthMinusOne) => ulong.MaxValue >> (63 - widthMinusOne);

    [MethodImpl(Inline)]
    private static ulong SignExtend(uint word) => (ulong)(int)word;
}
