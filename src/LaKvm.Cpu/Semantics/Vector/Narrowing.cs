using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>How a shifted element becomes half as wide.</summary>
internal interface IConvert
{
    static abstract TNarrow Apply<T, TNarrow>(T value)
        where T : unmanaged, IBinaryInteger<T>
        where TNarrow : unmanaged, IBinaryInteger<TNarrow>;
}

/// <summary>Drops the upper bits.</summary>
internal readonly struct Truncating : IConvert
{
    public static TNarrow Apply<T, TNarrow>(T value)
        where T : unmanaged, IBinaryInteger<T>
        where TNarrow : unmanaged, IBinaryInteger<TNarrow> => TNarrow.CreateTruncating(value);
}

/// <summary>Limits to the narrow type's range.</summary>
internal readonly struct Saturating : IConvert
{
    public static TNarrow Apply<T, TNarrow>(T value)
        where T : unmanaged, IBinaryInteger<T>
        where TNarrow : unmanaged, IBinaryInteger<TNarrow> => TNarrow.CreateSaturating(value);
}

/// <summary>
/// d = j's elements shifted right by k's and made half as wide, in the lane's lower half; the upper half is 0.
/// <typeparamref name="T"/> is unsigned for a logical shift and signed for an arithmetic one.
/// </summary>
internal readonly unsafe struct Narrow<T, TNarrow, TShift, TConvert> : ILane
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    where TNarrow : unmanaged, IBinaryInteger<TNarrow>
    where TShift : IElement
    where TConvert : IConvert
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        d = Vector128<byte>.Zero;
        for (int n = 0; n < 16 / sizeof(T); n++)
        {
            ((TNarrow*)&d)[n] = TConvert.Apply<T, TNarrow>(TShift.Apply(((T*)&j)[n], ((T*)&k)[n]));
        }

        return d;
    }
}

/// <summary>
/// As <see cref="Narrow{T, TNarrow, TShift, TConvert}"/> by the immediate: j gives the lower half, d the upper.
/// </summary>
internal readonly unsafe struct NarrowImmediate<T, TNarrow, TShift, TConvert> : ILane
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    where TNarrow : unmanaged, IBinaryInteger<TNarrow>
    where TShift : IElement
    where TConvert : IConvert
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        Unsafe.SkipInit(out Vector128<byte> result);
        T amount = T.CreateTruncating(imm);
        for (int n = 0; n < 16 / sizeof(T); n++)
        {
            ((TNarrow*)&result)[n] = TConvert.Apply<T, TNarrow>(TShift.Apply(((T*)&j)[n], amount));
            ((TNarrow*)&result)[n + (16 / sizeof(T))] = TConvert.Apply<T, TNarrow>(TShift.Apply(((T*)&d)[n], amount));
        }

        return result;
    }
}
