using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>Facts and conversions of elements and lanes.</summary>
internal static class Element
{
    /// <summary>Bits of an element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bits<T>()
        where T : unmanaged => Unsafe.SizeOf<T>() * 8;

    /// <summary>The low bits of a shift amount that count for an element of this size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShiftAmount<T>(T value)
        where T : unmanaged, IBinaryInteger<T> => int.CreateTruncating(value) & (Bits<T>() - 1);

    /// <summary>Whether a signed element is -1: the divisor that .NET's division throws for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsMinusOne<T>(T value)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T> => !T.IsZero(T.MinValue) && value == T.Zero - T.One;

    /// <summary>Element <paramref name="n"/> of a lane, extended to 64 bits as its type says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe ulong At<T>(Vector128<byte>* lane, int n)
        where T : unmanaged, IBinaryInteger<T> => ulong.CreateTruncating(((T*)lane)[n]);

    /// <summary>A lane as a 128-bit integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Int128 ToQuad(Vector128<byte> lane) => new(lane.AsUInt64()[1], lane.AsUInt64()[0]);

    /// <summary>A 128-bit integer as a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ToLane(Int128 value) =>
        Vector128.Create((ulong)value, (ulong)(value >> 64)).AsByte();
}
