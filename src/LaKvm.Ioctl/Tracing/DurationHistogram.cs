using System.Numerics;

namespace LaKvm.Ioctl;

/// <summary>
/// Counts durations in fixed buckets, eight to each power of two as HdrHistogram has them: adding one takes a few
/// instructions and no memory, and a percentile is at most an eighth too high. Not for several threads at once.
/// </summary>
public sealed class DurationHistogram
{
    private const int SubBits = 3, Sub = 1 << SubBits;

    private readonly ulong[] _buckets = new ulong[(64 - SubBits + 1) * Sub];

    /// <summary>Number of durations.</summary>
    public ulong Count { get; private set; }

    /// <summary>The shortest, in nanoseconds; 0 if there is none.</summary>
    public ulong Minimum { get; private set; }

    /// <summary>The longest, in nanoseconds.</summary>
    public ulong Maximum { get; private set; }

    /// <summary>Counts a duration in nanoseconds.</summary>
    public void Add(ulong nanoseconds)
    {
        Minimum = Count == 0 ? nanoseconds : Math.Min(Minimum, nanoseconds);
        Maximum = Math.Max(Maximum, nanoseconds);
        Count++;
        _buckets[BucketOf(nanoseconds)]++;
    }

    /// <summary>Adds what another one has counted.</summary>
    public void Add(DurationHistogram other)
    {
        if (other.Count == 0)
        {
            return;
        }

        Minimum = Count == 0 ? other.Minimum : Math.Min(Minimum, other.Minimum);
        Maximum = Math.Max(Maximum, other.Maximum);
        Count += other.Count;
        for (int bucket = 0; bucket < _buckets.Length; bucket++)
        {
            _buckets[bucket] += other._buckets[bucket];
        }
    }

    /// <summary>What a part of the durations does not exceed, in nanoseconds.</summary>
    /// <param name="percent">The part, 0 to 100.</param>
    public ulong Percentile(double percent)
    {
        ulong rank = (ulong)Math.Ceiling(percent / 100 * Count), seen = 0;
        for (int bucket = 0; bucket < _buckets.Length; bucket++)
        {
            seen += _buckets[bucket];
            if (seen >= rank && seen > 0)
            {
                return Math.Clamp(HighestOf(bucket), Minimum, Maximum);
            }
        }

        return 0;
    }

    private static int BucketOf(ulong value)
    {
        int shift = Math.Max(BitOperations.Log2(value) - SubBits, 0);
        return (shift << SubBits) + (int)(value >> shift);
    }

    private static ulong HighestOf(int bucket)
    {
        int shift = Math.Max((bucket >> SubBits) - 1, 0);
        return ((ulong)(bucket - (shift << SubBits)) << shift) + (1UL << shift) - 1;
    }
}
