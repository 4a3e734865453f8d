using System.Numerics;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>An operation on whole lanes as 128-bit integers.</summary>
internal interface IQuad
{
    static abstract Int128 Apply(Int128 j, Int128 k);
}

/// <summary>vadd, and the sum in every widening addition.</summary>
internal readonly struct Add : IBinary, IQuad
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j + k;

    public static Int128 Apply(Int128 j, Int128 k) => unchecked(j + k);
}

/// <summary>vsub, and the difference in every widening subtraction.</summary>
internal readonly struct Subtract : IBinary, IQuad
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j - k;

    public static Int128 Apply(Int128 j, Int128 k) => unchecked(j - k);
}

/// <summary>vmul, and the product in every widening multiplication.</summary>
internal readonly struct Multiply : IBinary, IQuad
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j * k;

    public static Int128 Apply(Int128 j, Int128 k) => unchecked(j * k);
}

/// <summary>vmadd and every widening multiply-add.</summary>
internal readonly struct MultiplyAdd : ITernary
{
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => d + (j * k);

    public static Int128 Apply(Int128 d, Int128 j, Int128 k) => unchecked(d + (j * k));
}

/// <summary>vmsub.</summary>
internal readonly struct MultiplySubtract : ITernary
{
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => d - (j * k);

    public static Int128 Apply(Int128 d, Int128 j, Int128 k) => unchecked(d - (j * k));
}

/// <summary>An operation that does not read the destination, in the shape of one that does.</summary>
internal readonly struct Fresh<TOp> : ITernary
    where TOp : IBinary, IQuad
{
    public static Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => TOp.Apply(j, k);

    public static Int128 Apply(Int128 d, Int128 j, Int128 k) => TOp.Apply(j, k);
}

/// <summary>vmuh: the upper half of the product.</summary>
internal readonly struct MultiplyHigh : IElement
{
    public static T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        int bits = Element.Bits<T>();
        return bits == 64
            ? T.CreateTruncating((Int128.CreateTruncating(j) * Int128.CreateTruncating(k)) >> bits)
            : T.CreateTruncating((long.CreateTruncating(j) * long.CreateTruncating(k)) >> bits);
    }
}

/// <summary>vdiv; a zero divisor gives 0 and the one overflow wraps, as QEMU has it.</summary>
internal readonly struct Divide : IElement
{
    public static T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        T.IsZero(k) ? T.Zero : Element.IsMinusOne(k) ? T.Zero - j : j / k;
}

/// <summary>vmod; a zero divisor gives 0.</summary>
internal readonly struct Remainder : IElement
{
    public static T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        T.IsZero(k) || Element.IsMinusOne(k) ? T.Zero : j % k;
}

/// <summary>vsadd.</summary>
internal readonly struct AddSaturated : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.AddSaturate(j, k);
}

/// <summary>vssub.</summary>
internal readonly struct SubtractSaturated : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.SubtractSaturate(j, k);
}

/// <summary>vadda: the sum of the absolute values.</summary>
internal readonly struct AddAbsolute : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.Abs(j) + Vector128.Abs(k);
}

/// <summary>vabsd: the absolute difference.</summary>
internal readonly struct AbsoluteDifference : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.Max(j, k) - Vector128.Min(j, k);
}

/// <summary>vavg: half the sum, rounded down; common bits plus half of the differing ones cannot overflow.</summary>
internal readonly struct Average : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => (j & k) + ((j ^ k) >> 1);
}

/// <summary>vavgr: half the sum, rounded up.</summary>
internal readonly struct AverageRounded : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => (j | k) - ((j ^ k) >> 1);
}

/// <summary>vmax.</summary>
internal readonly struct Maximum : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.Max(j, k);
}

/// <summary>vmin.</summary>
internal readonly struct Minimum : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.Min(j, k);
}

/// <summary>vsigncov: k with the sign of j applied, 0 where j is 0.</summary>
internal readonly struct SignCover : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Vector128<T> signed = Vector128.ConditionalSelect(Vector128.LessThan(j, Vector128<T>.Zero), -k, k);
        return Vector128.AndNot(signed, Vector128.Equals(j, Vector128<T>.Zero));
    }
}

/// <summary>vneg.</summary>
internal readonly struct Negate : IUnary
{
    public static Vector128<T> Apply<T>(Vector128<T> j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => -j;
}

/// <summary>vseq: all ones where equal.</summary>
internal readonly struct Equal : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.Equals(j, k);
}

/// <summary>vsle.</summary>
internal readonly struct LessOrEqual : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.LessThanOrEqual(j, k);
}

/// <summary>vslt.</summary>
internal readonly struct Less : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Vector128.LessThan(j, k);
}

/// <summary>d = op(j, k) on the lane as one 128-bit integer.</summary>
internal readonly struct Quad<TOp> : ILane
    where TOp : IQuad
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        Element.ToLane(TOp.Apply(Element.ToQuad(j), Element.ToQuad(k)));
}
