using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>
/// Results of the integer arithmetic, logic and shift instructions (manual vol. 1, 2.2.1 and 2.2.2) as functions of
/// their operands: 64-bit register values, immediates extended to 64 bits. A .W result is sign-extended.
/// </summary>
/// <remarks>
/// The manual leaves the result of a division by zero open. As QEMU does it: the divisor counts as 1, so the quotient
/// is the dividend and the remainder 0. The one overflow, minimum / -1, yields the minimum and remainder 0.
/// </remarks>
public static class IntegerArithmetic
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>add.w, addi.w.</summary>
    [MethodImpl(Inline)]
    public static ulong AddW(ulong j, ulong k) => SignExtend((uint)(j + k));

    /// <summary>add.d, addi.d.</summary>
    [MethodImpl(Inline)]
    public static ulong AddD(ulong j, ulong k) => j + k;

    /// <summary>sub.w.</summary>
    [MethodImpl(Inline)]
    public static ulong SubW(ulong j, ulong k) => SignExtend((uint)(j - k));

    /// <summary>sub.d.</summary>
    [MethodImpl(Inline)]
    public static ulong SubD(ulong j, ulong k) => j - k;

    /// <summary>addu16i.d.</summary>
    [MethodImpl(Inline)]
    public static ulong Addu16iD(ulong j, ulong immediate) => j + (immediate << 16);

    /// <summary>lu52i.d: the immediate becomes bits 63:52.</summary>
    [MethodImpl(Inline)]
    public static ulong Lu52iD(ulong j, ulong immediate) => (j & ((1UL << 52) - 1)) | (immediate << 52);

    /// <summary>lu32i.d: the immediate, extended, becomes bits 63:32 of rd.</summary>
    [MethodImpl(Inline)]
    public static ulong Lu32iD(ulong d, int immediate) => (uint)d | ((ulong)immediate << 32);

    /// <summary>lu12i.w.</summary>
    [MethodImpl(Inline)]
    public static ulong Lu12iW(int immediate) => SignExtend((uint)immediate << 12);

    /// <summary>pcaddi.</summary>
    [MethodImpl(Inline)]
    public static ulong Pcaddi(ulong pc, int immediate) => pc + ((ulong)immediate << 2);

    /// <summary>pcaddu12i.</summary>
    [MethodImpl(Inline)]
    public static ulong Pcaddu12i(ulong pc, int immediate) => pc + ((ulong)immediate << 12);

    /// <summary>pcalau12i: as pcaddu12i, with bits 11:0 cleared.</summary>
    [MethodImpl(Inline)]
    public static ulong Pcalau12i(ulong pc, int immediate) => (pc + ((ulong)immediate << 12)) & ~0xFFFUL;

    /// <summary>pcaddu18i.</summary>
    [MethodImpl(Inline)]
    public static ulong Pcaddu18i(ulong pc, int immediate) => pc + ((ulong)immediate << 18);

    /// <summary>alsl.w; <paramref name="shift"/> is 1 to 4.</summary>
    [MethodImpl(Inline)]
    public static ulong AlslW(ulong j, ulong k, int shift) => SignExtend((uint)((j << shift) + k));

    /// <summary>alsl.wu.</summary>
    [MethodImpl(Inline)]
    public static ulong AlslWu(ulong j, ulong k, int shift) => (uint)((j << shift) + k);

    /// <summary>alsl.d.</summary>
    [MethodImpl(Inline)]
    public static ulong AlslD(ulong j, ulong k, int shift) => (j << shift) + k;

    /// <summary>slt, slti.</summary>
    [MethodImpl(Inline)]
    public static ulong Slt(ulong j, ulong k) => (long)j < (long)k ? 1UL : 0;

    /// <summary>sltu, sltui (its immediate is sign-extended too).</summary>
    [MethodImpl(Inline)]
    public static ulong Sltu(ulong j, ulong k) => j < k ? 1UL : 0;

    /// <summary>and, andi.</summary>
    [MethodImpl(Inline)]
    public static ulong And(ulong j, ulong k) => j & k;

    /// <summary>or, ori.</summary>
    [MethodImpl(Inline)]
    public static ulong Or(ulong j, ulong k) => j | k;

    /// <summary>xor, xori.</summary>
    [MethodImpl(Inline)]
    public static ulong Xor(ulong j, ulong k) => j ^ k;

    /// <summary>nor.</summary>
    [MethodImpl(Inline)]
    public static ulong Nor(ulong j, ulong k) => ~(j | k);

    /// <summary>andn.</summary>
    [MethodImpl(Inline)]
    public static ulong Andn(ulong j, ulong k) => j & ~k;

    /// <summary>orn.</summary>
    [MethodImpl(Inline)]
    public static ulong Orn(ulong j, ulong k) => j | ~k;

    /// <summary>maskeqz.</summary>
    [MethodImpl(Inline)]
    public static ulong Maskeqz(ulong j, ulong k) => k == 0 ? 0 : j;

    /// <summary>masknez.</summary>
    [MethodImpl(Inline)]
    public static ulong Masknez(ulong j, ulong k) => k != 0 ? 0 : j;

    /// <summary>sll.w, slli.w.</summary>
    [MethodImpl(Inline)]
    public static ulong SllW(ulong j, ulong k) => SignExtend((uint)j << (int)k);

    /// <summary>srl.w, srli.w.</summary>
    [MethodImpl(Inline)]
    public static ulong SrlW(ulong j, ulong k) => SignExtend((uint)j >> (int)k);

    /// <summary>sra.w, srai.w.</summary>
    [MethodImpl(Inline)]
    public static ulong SraW(ulong j, ulong k) => (ulong)((int)j >> (int)k);

    /// <summary>rotr.w, rotri.w.</summary>
    [MethodImpl(Inline)]
    public static ulong RotrW(ulong j, ulong k) => SignExtend(uint.RotateRight((uint)j, (int)k));

    /// <summary>sll.d, slli.d.</summary>
    [MethodImpl(Inline)]
    public static ulong SllD(ulong j, ulong k) => j << (int)k;

    /// <summary>srl.d, srli.d.</summary>
    [MethodImpl(Inline)]
    public static ulong SrlD(ulong j, ulong k) => j >> (int)k;

    /// <summary>sra.d, srai.d.</summary>
    [MethodImpl(Inline)]
    public static ulong SraD(ulong j, ulong k) => (ulong)((long)j >> (int)k);

    /// <summary>rotr.d, rotri.d.</summary>
    [MethodImpl(Inline)]
    public static ulong RotrD(ulong j, ulong k) => ulong.RotateRight(j, (int)k);

    /// <summary>mul.w.</summary>
    [MethodImpl(Inline)]
    public static ulong MulW(ulong j, ulong k) => SignExtend((uint)j * (uint)k);

    /// <summary>mulh.w.</summary>
    [MethodImpl(Inline)]
    public static ulong MulhW(ulong j, ulong k) => (ulong)(((long)(int)j * (int)k) >> 32);

    /// <summary>mulh.wu; the result is sign-extended all the same.</summary>
    [MethodImpl(Inline)]
    public static ulong MulhWu(ulong j, ulong k) => SignExtend((uint)(((ulong)(uint)j * (uint)k) >> 32));

    /// <summary>mul.d.</summary>
    [MethodImpl(Inline)]
    public static ulong MulD(ulong j, ulong k) => j * k;

    /// <summary>mulh.d.</summary>
    [MethodImpl(Inline)]
    public static ulong MulhD(ulong j, ulong k) => (ulong)Math.BigMul((long)j, (long)k, out _);

    /// <summary>mulh.du.</summary>
    [MethodImpl(Inline)]
    public static ulong MulhDu(ulong j, ulong k) => Math.BigMul(j, k, out _);

    /// <summary>mulw.d.w.</summary>
    [MethodImpl(Inline)]
    public static ulong MulwDW(ulong j, ulong k) => (ulong)((long)(int)j * (int)k);

    /// <summary>mulw.d.wu.</summary>
    [MethodImpl(Inline)]
    public static ulong MulwDWu(ulong j, ulong k) => (ulong)(uint)j * (uint)k;

    /// <summary>div.w: of the low words; a 64-bit division cannot overflow.</summary>
    [MethodImpl(Inline)]
    public static ulong DivW(ulong j, ulong k) => SignExtend((uint)((long)(int)j / NonZero((int)k)));

    /// <summary>mod.w.</summary>
    [MethodImpl(Inline)]
    public static ulong ModW(ulong j, ulong k) => (ulong)((long)(int)j % NonZero((int)k));

    /// <summary>div.wu; the result is sign-extended all the same.</summary>
    [MethodImpl(Inline)]
    public static ulong DivWu(ulong j, ulong k) => SignExtend((uint)j / NonZero((uint)k));

    /// <summary>mod.wu.</summary>
    [MethodImpl(Inline)]
    public static ulong ModWu(ulong j, ulong k) => SignExtend((uint)j % NonZero((uint)k));

    /// <summary>div.d; minimum / -1 throws in .NET, so a divisor of -1 negates.</summary>
    [MethodImpl(Inline)]
    public static ulong DivD(ulong j, ulong k) => k == ulong.MaxValue ? 0 - j : (ulong)((long)j / NonZero((long)k));

    /// <summary>mod.d.</summary>
    [MethodImpl(Inline)]
    public static ulong ModD(ulong j, ulong k) => k == ulong.MaxValue ? 0 : (ulong)((long)j % NonZero((long)k));

    /// <summary>div.du.</summary>
    [MethodImpl(Inline)]
    public static ulong DivDu(ulong j, ulong k) => j / NonZero(k);

    /// <summary>mod.du.</summary>
    [MethodImpl(Inline)]
    public static ulong ModDu(ulong j, ulong k) => j % NonZero(k);

    [MethodImpl(Inline)]
    private static ulong SignExtend(uint word) => (ulong)(int)word;

    [MethodImpl(Inline)]
    private static long NonZero(long divisor) => divisor == 0 ? 1 : divisor;

    [MethodImpl(Inline)]
    private static uint NonZero(uint divisor) => divisor == 0 ? 1 : divisor;

    [MethodImpl(Inline)]
    private static ulong NonZero(ulong divisor) => divisor == 0 ? 1 : divisor;
}
