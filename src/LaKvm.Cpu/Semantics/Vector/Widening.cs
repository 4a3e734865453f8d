using System.Numerics;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>Which elements of a lane a widening operation takes.</summary>
internal interface IPick
{
    /// <summary>
    /// The picked narrow elements, extended: <typeparamref name="T"/> is the wide type, signed or unsigned.
    /// </summary>
    static abstract Vector128<T> Apply<T>(Vector128<T> v)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>;

    /// <summary>Index of the 64-bit element that becomes 128 bits wide.</summary>
    static abstract int QuadIndex { get; }
}

/// <summary>The elements with even numbers: the lower halves of the wide elements.</summary>
internal readonly struct Even : IPick
{
    public static int QuadIndex => 0;

    public static Vector128<T> Apply<T>(Vector128<T> v)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> =>
        (v << (Element.Bits<T>() / 2)) >> (Element.Bits<T>() / 2);
}

/// <summary>The elements with odd numbers: the upper halves of the wide elements.</summary>
internal readonly struct Odd : IPick
{
    public static int QuadIndex => 1;

    public static Vector128<T> Apply<T>(Vector128<T> v)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => v >> (Element.Bits<T>() / 2);
}

/// <summary>
/// d = op(d, picked elements of j, picked elements of k), both extended to <typeparamref name="TJ"/> and
/// <typeparamref name="TK"/>, which differ at most in their sign.
/// </summary>
internal readonly struct Widen<TJ, TK, TOp, TPickJ, TPickK> : ILane
    where TJ : unmanaged, IBinaryInteger<TJ>, IMinMaxValue<TJ>
    where TK : unmanaged, IBinaryInteger<TK>, IMinMaxValue<TK>
    where TOp : ITernary
    where TPickJ : IPick
    where TPickK : IPick
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        TOp.Apply(
            d.As<byte, TJ>(),
            TPickJ.Apply(j.As<byte, TJ>()),
            TPickK.Apply(k.As<byte, TK>()).As<TK, TJ>()).AsByte();
}

/// <summary>The same for 64-bit elements: one 128-bit result.</summary>
internal readonly struct WidenQuad<TJ, TK, TOp, TPickJ, TPickK> : ILane
    where TJ : unmanaged, IBinaryInteger<TJ>
    where TK : unmanaged, IBinaryInteger<TK>
    where TOp : ITernary
    where TPickJ : IPick
    where TPickK : IPick
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        Element.ToLane(TOp.Apply(
            Element.ToQuad(d),
            Int128.CreateTruncating(j.As<byte, TJ>()[TPickJ.QuadIndex]),
            Int128.CreateTruncating(k.As<byte, TK>()[TPickK.QuadIndex])));
}

/// <summary>Which half of a lane's elements is extended.</summary>
internal interface IHalf
{
    /// <summary>0 for the lower half, 1 for the upper one.</summary>
    static abstract int Index { get; }
}

/// <summary>vsllwil, vextl.</summary>
internal readonly struct LowHalf : IHalf
{
    public static int Index => 0;
}

/// <summary>vexth.</summary>
internal readonly struct HighHalf : IHalf
{
    public static int Index => 1;
}

/// <summary>d = one half of j's elements, extended and shifted left by the immediate (0 in rows without one).</summary>
internal readonly unsafe struct Extend<T, TWide, THalf> : ILane
    where T : unmanaged, IBinaryInteger<T>
    where TWide : unmanaged, IBinaryInteger<TWide>
    where THalf : IHalf
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        T* source = (T*)((byte*)&j + (8 * THalf.Index));
        for (int n = 0; n < 16 / sizeof(TWide); n++)
        {
            ((TWide*)&d)[n] = TWide.CreateTruncating(source[n]) << imm;
        }

        return d;
    }
}
