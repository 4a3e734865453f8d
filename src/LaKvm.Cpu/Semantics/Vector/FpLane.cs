using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// As <see cref="ILane"/>, for what computes with floats: exceptions of all elements add up in the environment.
/// </summary>
internal interface IFpLane
{
    /// <summary>The new value of vd's lane, from those of va, vj and vk.</summary>
    static abstract Vector128<byte> Apply(
        Vector128<byte> a, Vector128<byte> j, Vector128<byte> k, int imm, ref FpEnvironment env);
}

/// <summary>An operation on the elements of up to three operands of one format.</summary>
internal interface IFpOperation
{
    static abstract ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp;
}

/// <summary>A conversion of one element. Patterns are zero-extended, signed integers sign-extended.</summary>
internal interface IFpConversion
{
    static abstract ulong Apply(ulong x, ref FpEnvironment env);
}

/// <summary>d = op(j, k, a); <typeparamref name="T"/> holds a pattern of format <typeparamref name="F"/>.</summary>
internal readonly unsafe struct FpElements<F, T, TOp> : IFpLane
    where F : struct, IFp
    where T : unmanaged, IBinaryInteger<T>
    where TOp : IFpOperation
{
    public static Vector128<byte> Apply(
        Vector128<byte> a, Vector128<byte> j, Vector128<byte> k, int imm, ref FpEnvironment env)
    {
        Unsafe.SkipInit(out Vector128<byte> d);
        for (int n = 0; n < 16 / sizeof(T); n++)
        {
            ulong result = TOp.Apply<F>(Element.At<T>(&j, n), Element.At<T>(&k, n), Element.At<T>(&a, n), ref env);
            ((T*)&d)[n] = T.CreateTruncating(result);
        }

        return d;
    }
}

/// <summary>d = all ones where j and k compare as the condition (imm) demands, else 0.</summary>
internal readonly unsafe struct FpCompare<F, T> : IFpLane
    where F : struct, IFp
    where T : unmanaged, IBinaryInteger<T>
{
    public static Vector128<byte> Apply(
        Vector128<byte> a, Vector128<byte> j, Vector128<byte> k, int imm, ref FpEnvironment env)
    {
        Vector128<byte> d = Vector128<byte>.Zero;
        for (int n = 0; n < 16 / sizeof(T); n++)
        {
            FpRelation relation = F.Compare(Element.At<T>(&j, n), Element.At<T>(&k, n), (imm & 1) != 0, ref env);
            ((T*)&d)[n] = FpArithmeticInstructions.Holds(imm, relation) ? T.Zero - T.One : T.Zero;
        }

        return d;
    }
}

/// <summary>d = converted elements of j, of the same size.</summary>
internal readonly unsafe struct FpConvert<T, TResult, TConversion> : IFpLane
    where T : unmanaged, IBinaryInteger<T>
    where TResult : unmanaged, IBinaryInteger<TResult>
    where TConversion : IFpConversion
{
    public static Vector128<byte> Apply(
        Vector128<byte> a, Vector128<byte> j, Vector128<byte> k, int imm, ref FpEnvironment env)
    {
        Unsafe.SkipInit(out Vector128<byte> d);
        for (int n = 0; n < 16 / sizeof(TResult); n++)
        {
            ((TResult*)&d)[n] = TResult.CreateTruncating(TConversion.Apply(Element.At<T>(&j, n), ref env));
        }

        return d;
    }
}

/// <summary>d = converted elements of one half of j, twice as wide.</summary>
internal readonly unsafe struct FpWiden<T, TWide, TConversion, THalf> : IFpLane
    where T : unmanaged, IBinaryInteger<T>
    where TWide : unmanaged, IBinaryInteger<TWide>
    where TConversion : IFpConversion
    where THalf : IHalf
{
    public static Vector128<byte> Apply(
        Vector128<byte> a, Vector128<byte> j, Vector128<byte> k, int imm, ref FpEnvironment env)
    {
        Unsafe.SkipInit(out Vector128<byte> d);
        int count = 16 / sizeof(TWide);
        for (int n = 0; n < count; n++)
        {
            ulong source = Element.At<T>(&j, n + (count * THalf.Index));
            ((TWide*)&d)[n] = TWide.CreateTruncating(TConversion.Apply(source, ref env));
        }

        return d;
    }
}

/// <summary>d = converted elements of k below those of j, half as wide.</summary>
internal readonly unsafe struct FpNarrow<T, TNarrow, TConversion> : IFpLane
    where T : unmanaged, IBinaryInteger<T>
    where TNarrow : unmanaged, IBinaryInteger<TNarrow>
    where TConversion : IFpConversion
{
    public static Vector128<byte> Apply(
        Vector128<byte> a, Vector128<byte> j, Vector128<byte> k, int imm, ref FpEnvironment env)
    {
        Unsafe.SkipInit(out Vector128<byte> d);
        int count = 16 / sizeof(T);
        for (int n = 0; n < count; n++)
        {
            ((TNarrow*)&d)[n] = TNarrow.CreateTruncating(TConversion.Apply(Element.At<T>(&k, n), ref env));
            ((TNarrow*)&d)[n + count] = TNarrow.CreateTruncating(TConversion.Apply(Element.At<T>(&j, n), ref env));
        }

        return d;
    }
}
