using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// What a vector instruction does to one 128-bit lane. LSX has one lane; nearly every LASX instruction is the LSX one
/// done to both lanes, so this is the only place where an instruction's effect is written down.
/// </summary>
internal interface ILane
{
    /// <summary>
    /// The new value of vd's lane: from its old value (or va's lane in a row with four registers), vj's, vk's and the
    /// immediate (or the general register rk).
    /// </summary>
    static abstract Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm);
}

/// <summary>Lanes of a register width.</summary>
internal interface IWidth
{
    /// <summary>1 or 2.</summary>
    static abstract int Lanes { get; }

    /// <summary>Whether the register's other lane becomes 0: <see cref="Isa.OpcodeInfo.ClearsUpper"/>.</summary>
    static abstract bool ClearsUpper { get; }
}

/// <summary>128 bits: one lane; the other one becomes 0.</summary>
internal readonly struct Lsx : IWidth
{
    public static int Lanes => 1;

    public static bool ClearsUpper => true;
}

/// <summary>128 bits: one lane; the other one keeps its value.</summary>
internal readonly struct LsxKeeping : IWidth
{
    public static int Lanes => 1;

    public static bool ClearsUpper => false;
}

/// <summary>256 bits: two lanes.</summary>
internal readonly struct Lasx : IWidth
{
    public static int Lanes => 2;

    public static bool ClearsUpper => false;
}

/// <summary>An operation on all elements of two vectors.</summary>
internal interface IBinary
{
    static abstract Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>;
}

/// <summary>An operation on all elements of a vector.</summary>
internal interface IUnary
{
    static abstract Vector128<T> Apply<T>(Vector128<T> j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>;
}

/// <summary>An operation that also reads the destination, on elements and on whole lanes as 128-bit integers.</summary>
internal interface ITernary
{
    static abstract Vector128<T> Apply<T>(Vector128<T> d, Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>;

    static abstract Int128 Apply(Int128 d, Int128 j, Int128 k);
}

/// <summary>An operation on one pair of elements.</summary>
internal interface IElement
{
    static abstract T Apply<T>(T j, T k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>;
}

/// <summary>An operation on one element.</summary>
internal interface IUnaryElement
{
    static abstract T Apply<T>(T j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>;
}

/// <summary>d = op(j, k), element by element of type <typeparamref name="T"/>.</summary>
internal readonly struct Binary<T, TOp> : ILane
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    where TOp : IBinary
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        TOp.Apply(j.As<byte, T>(), k.As<byte, T>()).AsByte();
}

/// <summary>d = op(j, immediate in each element).</summary>
internal readonly struct Immediate<T, TOp> : ILane
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    where TOp : IBinary
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        TOp.Apply(j.As<byte, T>(), Vector128.Create(T.CreateTruncating(imm))).AsByte();
}

/// <summary>d = op(j).</summary>
internal readonly struct Unary<T, TOp> : ILane
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    where TOp : IUnary
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        TOp.Apply(j.As<byte, T>()).AsByte();
}

/// <summary>d = op(d, j, k).</summary>
internal readonly struct Ternary<T, TOp> : ILane
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    where TOp : ITernary
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        TOp.Apply(d.As<byte, T>(), j.As<byte, T>(), k.As<byte, T>()).AsByte();
}

/// <summary>Applies an operation on elements to each pair of elements.</summary>
internal readonly unsafe struct Each<TOp> : IBinary
    where TOp : IElement
{
    public static Vector128<T> Apply<T>(Vector128<T> j, Vector128<T> k)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Unsafe.SkipInit(out Vector128<T> d);
        for (int n = 0; n < Vector128<T>.Count; n++)
        {
            ((T*)&d)[n] = TOp.Apply(((T*)&j)[n], ((T*)&k)[n]);
        }

        return d;
    }
}

/// <summary>Applies an operation on elements to each element.</summary>
internal readonly unsafe struct EachOne<TOp> : IUnary
    where TOp : IUnaryElement
{
    public static Vector128<T> Apply<T>(Vector128<T> j)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Unsafe.SkipInit(out Vector128<T> d);
        for (int n = 0; n < Vector128<T>.Count; n++)
        {
            ((T*)&d)[n] = TOp.Apply(((T*)&j)[n]);
        }

        return d;
    }
}
