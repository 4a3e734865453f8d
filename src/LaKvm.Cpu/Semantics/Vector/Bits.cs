using System.Numerics;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>vsll. Amounts are often all the same (every immediate shift): that is one host instruction.</summary>
internal readonly struct ShiftLeft : IBinary, IElement
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        k == Vector128.Create(k[0]) ? j << Element.ShiftAmount(k[0]) : Each<ShiftLeft>.Apply(j, k);

    public static T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j << Element.ShiftAmount(k);
}

/// <summary>vsrl on unsigned elements, vsra on signed ones.</summary>
internal readonly struct ShiftRight : IBinary, IElement
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        k == Vector128.Create(k[0]) ? j >> Element.ShiftAmount(k[0]) : Each<ShiftRight>.Apply(j, k);

    public static T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j >> Element.ShiftAmount(k);
}

/// <summary>vsrlr and vsrar: rounded by adding the last bit that was shifted out.</summary>
internal readonly struct ShiftRightRounded : IBinary, IElement
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => Each<ShiftRightRounded>.Apply(j, k);

    public static T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        int amount = Element.ShiftAmount(k);
        return amount == 0 ? j : (j >> amount) + ((j >> (amount - 1)) & T.One);
    }
}

/// <summary>vrotr, on unsigned elements.</summary>
internal readonly struct RotateRight : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => ShiftRight.Apply(j, k) | ShiftLeft.Apply(j, -k);
}

/// <summary>vbitclr: clears bit k.</summary>
internal readonly struct BitClear : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        Vector128.AndNot(j, ShiftLeft.Apply(Vector128<T>.One, k));
}

/// <summary>vbitset: sets bit k.</summary>
internal readonly struct BitSet : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j | ShiftLeft.Apply(Vector128<T>.One, k);
}

/// <summary>vbitrev: inverts bit k.</summary>
internal readonly struct BitInvert : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j ^ ShiftLeft.Apply(Vector128<T>.One, k);
}

/// <summary>vsat: limits to what k + 1 bits can hold, signed or unsigned as the element is.</summary>
internal readonly struct Saturate : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        int unused = Element.Bits<T>() - 1 - int.CreateTruncating(k[0]);
        return Vector128.Min(
            Vector128.Max(j, Vector128.Create(T.MinValue >> unused)), Vector128.Create(T.MaxValue >> unused));
    }
}

/// <summary>vand.v, vandi.b.</summary>
internal readonly struct And : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j & k;
}

/// <summary>vor.v, vori.b.</summary>
internal readonly struct Or : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j | k;
}

/// <summary>vxor.v, vxori.b.</summary>
internal readonly struct ExclusiveOr : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j ^ k;
}

/// <summary>vnor.v, vnori.b.</summary>
internal readonly struct Nor : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => ~(j | k);
}

/// <summary>vandn.v: the first operand is the inverted one.</summary>
internal readonly struct NotAnd : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => ~j & k;
}

/// <summary>vorn.v: the second operand is the inverted one.</summary>
internal readonly struct OrNot : IBinary
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => j | ~k;
}

/// <summary>vclo, on unsigned elements.</summary>
internal readonly struct CountLeadingOnes : IUnaryElement
{
    public static T Apply<T>(T j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => T.LeadingZeroCount(~j);
}

/// <summary>vclz, on unsigned elements.</summary>
internal readonly struct CountLeadingZeros : IUnaryElement
{
    public static T Apply<T>(T j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => T.LeadingZeroCount(j);
}

/// <summary>vpcnt, on unsigned elements.</summary>
internal readonly struct CountOnes : IUnaryElement
{
    public static T Apply<T>(T j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => T.PopCount(j);
}

/// <summary>vmskltz: the elements' sign bits, gathered in the lane's lowest bits.</summary>
internal readonly struct MaskNegative : IUnary
{
    public static Vector128<T> Apply<T>(Vector128<T> j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        Vector128.CreateScalar(Vector128.ExtractMostSignificantBits(j)).As<uint, T>();
}

/// <summary>vmskgez: one bit for each element that is not negative.</summary>
internal readonly struct MaskNotNegative : IUnary
{
    public static Vector128<T> Apply<T>(Vector128<T> j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => MaskNegative.Apply(~j);
}

/// <summary>vmsknz: one bit for each element that is not zero.</summary>
internal readonly struct MaskNotZero : IUnary
{
    public static Vector128<T> Apply<T>(Vector128<T> j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        MaskNegative.Apply(~Vector128.Equals(j, Vector128<T>.Zero));
}

/// <summary>vbitsel.v: bits of k where the selector (va) is 1, bits of j where it is 0.</summary>
internal readonly struct BitSelect : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        Vector128.ConditionalSelect(d, k, j);
}

/// <summary>vbitseli.b: bits of the immediate where vd is 1, bits of j where it is 0.</summary>
internal readonly struct BitSelectImmediate : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        Vector128.ConditionalSelect(d, Vector128.Create((byte)imm), j);
}
