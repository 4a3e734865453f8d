using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LaKvm.Cpu.Vectors;

/// <summary>A fixed choice of elements from two vectors.</summary>
internal interface IPermutation
{
    /// <summary>
    /// Where result element <paramref name="n"/> of <paramref name="count"/> comes from: k's elements are numbered from
    /// 0, j's from <paramref name="count"/>.
    /// </summary>
    static abstract int Source(int n, int count);
}

/// <summary>vpackev: even elements of k and j in turn.</summary>
internal readonly struct PackEven : IPermutation
{
    public static int Source(int n, int count) => (n & ~1) + ((n & 1) * count);
}

/// <summary>vpackod: odd elements of k and j in turn.</summary>
internal readonly struct PackOdd : IPermutation
{
    public static int Source(int n, int count) => (n | 1) + ((n & 1) * count);
}

/// <summary>vilvl: the lower halves of k and j interleaved.</summary>
internal readonly struct InterleaveLow : IPermutation
{
    public static int Source(int n, int count) => (n / 2) + ((n & 1) * count);
}

/// <summary>vilvh: the upper halves of k and j interleaved.</summary>
internal readonly struct InterleaveHigh : IPermutation
{
    public static int Source(int n, int count) => (count / 2) + InterleaveLow.Source(n, count);
}

/// <summary>vpickev: k's even elements, then j's.</summary>
internal readonly struct PickEven : IPermutation
{
    public static int Source(int n, int count) => 2 * n;
}

/// <summary>vpickod: k's odd elements, then j's.</summary>
internal readonly struct PickOdd : IPermutation
{
    public static int Source(int n, int count) => (2 * n) + 1;
}

/// <summary>
/// d = elements of j and k as <typeparamref name="TOp"/> chooses: two byte shuffles, whatever the choice.
/// </summary>
internal readonly unsafe struct Permute<T, TOp> : ILane
    where T : unmanaged
    where TOp : IPermutation
{
    private static readonly Vector128<byte> _indices = Indices();

    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        ByteShuffle.Apply(_indices, j, k, 0);

    private static Vector128<byte> Indices()
    {
        Unsafe.SkipInit(out Vector128<byte> indices);
        for (int n = 0; n < 16; n++)
        {
            int source = TOp.Source(n / sizeof(T), 16 / sizeof(T));
            ((byte*)&indices)[n] = (byte)((source * sizeof(T)) + (n % sizeof(T)));
        }

        return indices;
    }
}

/// <summary>vshuf.b: each byte of the selector (va) picks one of k's bytes (0 to 15) or j's (16 to 31).</summary>
internal readonly struct ByteShuffle : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        // An index that is out of the vector's range gives 0, so the two parts can be joined.
        Vector128<byte> index = d & Vector128.Create((byte)31);
        return Vector128.Shuffle(k, index) | Vector128.Shuffle(j, index - Vector128.Create((byte)16));
    }
}

/// <summary>vshuf.h, .w, .d: each element of d picks one of k's elements (from 0) or j's (behind them).</summary>
internal readonly unsafe struct ElementShuffle<T> : ILane
    where T : unmanaged, IBinaryInteger<T>
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        int count = 16 / sizeof(T);
        T* elements = stackalloc T[2 * count];
        *(Vector128<byte>*)elements = k;
        *(Vector128<byte>*)(elements + count) = j;
        for (int n = 0; n < count; n++)
        {
            T* element = (T*)&d + n;
            *element = elements[int.CreateTruncating(*element) & ((2 * count) - 1)];
        }

        return d;
    }
}

/// <summary>vshuf4i.b, .h, .w: the same choice, two bits per element, in every group of four elements of j.</summary>
internal readonly unsafe struct ShuffleFours<T> : ILane
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        for (int n = 0; n < 16 / sizeof(T); n++)
        {
            ((T*)&d)[n] = ((T*)&j)[(n & ~3) + ((imm >> (2 * (n & 3))) & 3)];
        }

        return d;
    }
}

/// <summary>vshuf4i.d: two bits each for the two elements, which choose from d0, d1, j0, j1.</summary>
internal readonly struct ShuffleDoubles : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        Vector128.Create(Choose(d, j, imm), Choose(d, j, imm >> 2)).AsByte();

    private static ulong Choose(Vector128<byte> d, Vector128<byte> j, int index) =>
        ((index & 2) == 0 ? d : j).AsUInt64()[index & 1];
}

/// <summary>vpermi.w: two words of j below two of d, each chosen by two bits.</summary>
internal readonly struct PermuteWords : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        Vector128<uint> low = j.AsUInt32(), high = d.AsUInt32();
        return Vector128.Create(
            low[imm & 3], low[(imm >> 2) & 3], high[(imm >> 4) & 3], high[(imm >> 6) & 3]).AsByte();
    }
}

/// <summary>vreplve, vreplvei, xvrepl128vei: one element of j in all places; the index wraps.</summary>
internal readonly struct Replicate<T> : ILane
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        Vector128<T> elements = j.As<byte, T>();
        return Vector128.Create(elements[imm & (Vector128<T>.Count - 1)]).AsByte();
    }
}

/// <summary>vextrins: one element of j (imm 3:0) replaces one of d (imm 7:4).</summary>
internal readonly unsafe struct InsertElement<T> : ILane
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        int last = (16 / sizeof(T)) - 1;
        ((T*)&d)[(imm >> 4) & last] = ((T*)&j)[imm & last];
        return d;
    }
}

/// <summary>
/// vfrstp, vfrstpi: the number of j's first negative element, or of elements if there is none, replaces the element of
/// d that k's first element, or the immediate, names.
/// </summary>
internal readonly unsafe struct FirstNegative<T> : ILane
    where T : unmanaged, IBinaryInteger<T>
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm)
    {
        int count = 16 / sizeof(T);
        uint negative = Vector128.ExtractMostSignificantBits(j.As<byte, T>()) | (1u << count);
        ((T*)&d)[imm & (count - 1)] = T.CreateTruncating(BitOperations.TrailingZeroCount(negative));
        return d;
    }
}

/// <summary>Runs a lane operation with k's lowest byte in place of the immediate.</summary>
internal readonly struct ImmediateFromK<TLane> : ILane
    where TLane : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        TLane.Apply(d, j, k, k[0]);
}

/// <summary>vbsll.v: shifts the lane left by bytes.</summary>
internal readonly struct ByteShiftLeft : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        ByteShuffle.Apply(Vector128<byte>.Indices + Vector128.Create((byte)(16 - (imm & 15))), j,
        Vector128<byte>.Zero, 0);
}

/// <summary>vbsrl.v: shifts the lane right by bytes.</summary>
internal readonly struct ByteShiftRight : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        ByteShuffle.Apply(Vector128<byte>.Indices + Vector128.Create((byte)(imm & 15)), Vector128<byte>.Zero, j, 0);
}

/// <summary>vldi: the constant that 13 bits describe.</summary>
internal readonly struct LoadImmediate : ILane
{
    public static Vector128<byte> Apply(Vector128<byte> d, Vector128<byte> j, Vector128<byte> k, int imm) =>
        Vector128.Create(VectorConstant.Expand(imm)).AsByte();
}
