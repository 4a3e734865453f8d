namespace LaKvm.Cpu.Vectors;

/// <summary>Where the rounding mode comes from.</summary>
internal interface IRounding
{
    static abstract FpRounding Of(in FpEnvironment env);
}

/// <summary>FCSR0.RM.</summary>
internal readonly struct RoundingOfFcsr : IRounding
{
    public static FpRounding Of(in FpEnvironment env) => env.Rounding;
}

/// <summary>The rows with "rm".</summary>
internal readonly struct RoundingDown : IRounding
{
    public static FpRounding Of(in FpEnvironment env) => FpRounding.Down;
}

/// <summary>The rows with "rp".</summary>
internal readonly struct RoundingUp : IRounding
{
    public static FpRounding Of(in FpEnvironment env) => FpRounding.Up;
}

/// <summary>The rows with "rz".</summary>
internal readonly struct RoundingToZero : IRounding
{
    public static FpRounding Of(in FpEnvironment env) => FpRounding.TowardZero;
}

/// <summary>The rows with "rne".</summary>
internal readonly struct RoundingToEven : IRounding
{
    public static FpRounding Of(in FpEnvironment env) => FpRounding.NearestEven;
}

/// <summary>vftint to 32 bits.</summary>
internal readonly struct ToInt32<F, TRounding> : IFpConversion
    where F : struct, IFp
    where TRounding : IRounding
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => (ulong)F.ToInteger(x, 32, TRounding.Of(env), ref env);
}

/// <summary>vftint to 64 bits.</summary>
internal readonly struct ToInt64<F, TRounding> : IFpConversion
    where F : struct, IFp
    where TRounding : IRounding
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => (ulong)F.ToInteger(x, 64, TRounding.Of(env), ref env);
}

/// <summary>vftint to unsigned 32 bits.</summary>
internal readonly struct ToUInt32<F, TRounding> : IFpConversion
    where F : struct, IFp
    where TRounding : IRounding
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => F.ToUnsigned(x, 32, TRounding.Of(env), ref env);
}

/// <summary>vftint to unsigned 64 bits.</summary>
internal readonly struct ToUInt64<F, TRounding> : IFpConversion
    where F : struct, IFp
    where TRounding : IRounding
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => F.ToUnsigned(x, 64, TRounding.Of(env), ref env);
}

/// <summary>vffint from signed integers.</summary>
internal readonly struct FromSigned<F> : IFpConversion
    where F : struct, IFp
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => F.FromInteger((long)x, ref env);
}

/// <summary>vffint from unsigned integers.</summary>
internal readonly struct FromUnsigned<F> : IFpConversion
    where F : struct, IFp
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => F.FromUnsigned(x, ref env);
}

/// <summary>vfcvt.h.s.</summary>
internal readonly struct SingleToHalf : IFpConversion
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => FpSoft<Binary16>.ConvertFrom<Binary32>(x, ref env);
}

/// <summary>vfcvt.s.d.</summary>
internal readonly struct DoubleToSingle : IFpConversion
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => Fp32.FromDouble(x, ref env);
}

/// <summary>vfcvtl.s.h, vfcvth.s.h.</summary>
internal readonly struct HalfToSingle : IFpConversion
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => FpSoft<Binary32>.ConvertFrom<Binary16>(x, ref env);
}

/// <summary>vfcvtl.d.s, vfcvth.d.s.</summary>
internal readonly struct SingleToDouble : IFpConversion
{
    public static ulong Apply(ulong x, ref FpEnvironment env) => Fp64.FromSingle(x, ref env);
}
