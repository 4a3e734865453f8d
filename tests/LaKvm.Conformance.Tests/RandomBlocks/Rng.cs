using System.Runtime.CompilerServices;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>A sequence of random numbers that its seed determines, on every version of .NET (splitmix64).</summary>
internal sealed class Rng(ulong seed)
{
    private ulong _state = seed;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Next()
    {
        ulong z = _state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)((Next() >> 32) * (uint)limit >> 32);

    /// <summary>True once in <paramref name="times"/>.</summary>
    public bool Once(int times) => Below(times) == 0;

    public T Pick<T>(ReadOnlySpan<T> values) => values[Below(values.Length)];
}
