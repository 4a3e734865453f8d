using System.Numerics;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>vfadd.</summary>
internal readonly struct FpAdd : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.Add(j, k, ref env);
}

/// <summary>vfsub.</summary>
internal readonly struct FpSubtract : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.Subtract(j, k, ref env);
}

/// <summary>vfmul.</summary>
internal readonly struct FpMultiply : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.Multiply(j, k, ref env);
}

/// <summary>vfdiv.</summary>
internal readonly struct FpDivide : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.Divide(j, k, ref env);
}

/// <summary>vfmax.</summary>
internal readonly struct FpMaximum : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.Max(j, k, ref env);
}

/// <summary>vfmin.</summary>
internal readonly struct FpMinimum : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.Min(j, k, ref env);
}

/// <summary>vfmaxa.</summary>
internal readonly struct FpMaximumMagnitude : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.MaxMagnitude(j, k, ref env);
}

/// <summary>vfmina.</summary>
internal readonly struct FpMinimumMagnitude : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.MinMagnitude(j, k, ref env);
}

/// <summary>vfmadd.</summary>
internal readonly struct FpMultiplyAdd : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.MultiplyAdd(j, k, a, ref env);
}

/// <summary>vfmsub.</summary>
internal readonly struct FpMultiplySubtract : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => FpDerived<F>.MultiplySubtract(j, k, a, ref env);
}

/// <summary>vfnmadd.</summary>
internal readonly struct FpNegatedMultiplyAdd : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => FpDerived<F>.NegatedMultiplyAdd(j, k, a, ref env);
}

/// <summary>vfnmsub.</summary>
internal readonly struct FpNegatedMultiplySubtract : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => FpDerived<F>.NegatedMultiplySubtract(j, k, a, ref env);
}

/// <summary>vfsqrt.</summary>
internal readonly struct FpSquareRoot : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.SquareRoot(j, ref env);
}

/// <summary>vfrecip.</summary>
internal readonly struct FpReciprocal : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => FpDerived<F>.Reciprocal(j, ref env);
}

/// <summary>vfrsqrt.</summary>
internal readonly struct FpReciprocalSquareRoot : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => FpDerived<F>.ReciprocalSquareRoot(j, ref env);
}

/// <summary>vflogb.</summary>
internal readonly struct FpLogarithm : IFpOperation
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.LogB(j, ref env);
}

/// <summary>vfclass: raises nothing, not even for a signaling NaN, and leaves FCSR0 alone.</summary>
internal readonly unsafe struct FpClass<F, T> : ILane
    where F : struct, IFp
    where T : unmanaged, IBinaryInteger<T>
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        for (int n = 0; n < 16 / sizeof(T); n++)
        {
            ((T*)&d)[n] = T.CreateTruncating(F.Class(Element.At<T>(&j, n)));
        }

        return d;
    }
}

/// <summary>vfrint and its forms with a rounding mode of their own.</summary>
internal readonly struct FpRound<TRounding> : IFpOperation
    where TRounding : IRounding
{
    public static ulong Apply<F>(ulong j, ulong k, ulong a, ref FpEnvironment env)
        where F : struct, IFp => F.RoundToInteger(j, TRounding.Of(env), ref env);
}
