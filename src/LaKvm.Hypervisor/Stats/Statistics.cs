using System.Numerics;

namespace LaKvm.Hypervisor;

/// <summary>A block of 64-bit counters with their descriptions, as the statistics descriptors show it.</summary>
public abstract class Statistics
{
    /// <summary>Buckets of a logarithmic histogram.</summary>
    public const int HistogramBuckets = 32;

    private readonly ulong[] _values;

    private protected Statistics(IReadOnlyList<StatDescriptor> descriptors)
    {
        Descriptors = descriptors;
        Offsets = new int[descriptors.Count];
        int offset = 0;
        for (int i = 0; i < descriptors.Count; i++)
        {
            Offsets[i] = offset;
            offset += descriptors[i].Size;
        }

        _values = new ulong[offset];
    }

    /// <summary>The statistics in order.</summary>
    public IReadOnlyList<StatDescriptor> Descriptors { get; }

    /// <summary>Values of all statistics, one behind the other.</summary>
    public ReadOnlySpan<ulong> Values => _values;

    /// <summary>Index of each statistic's first value in <see cref="Values"/>.</summary>
    public int[] Offsets { get; }

    /// <summary>The value with a name; the sum, for a histogram.</summary>
    public ulong this[string name]
    {
        get
        {
            for (int i = 0; i < Descriptors.Count; i++)
            {
                if (Descriptors[i].Name == name)
                {
                    ulong sum = 0;
                    foreach (ulong value in Values.Slice(Offsets[i], Descriptors[i].Size))
                    {
                        sum += value;
                    }

                    return sum;
                }
            }

            throw new KeyNotFoundException(name);
        }
    }

    private protected ref ulong Value(int statistic) => ref _values[Offsets[statistic]];

    private protected ref ulong Bucket(int statistic, ulong value) =>
        ref _values[Offsets[statistic] + Math.Min(64 - BitOperations.LeadingZeroCount(value), HistogramBuckets - 1)];
}
