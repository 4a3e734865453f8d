using LaKvm.Ioctl;

namespace LaKvm.Cli.Tests;

public class DurationHistogramTests
{
    [Fact]
    public void Percentiles_are_at_most_an_eighth_too_high_at_any_size()
    {
        var random = new Random(1);
        for (int bits = 1; bits < 64; bits++)
        {
            var histogram = new DurationHistogram();
            ulong[] values = [.. Enumerable.Range(0, 500).Select(_ => (ulong)random.NextInt64() << 1 >> (64 - bits))
                .Order()];
            Array.ForEach(values, histogram.Add);

            (histogram.Minimum, histogram.Maximum, histogram.Count).Should().Be((values[0], values[^1], 500));
            foreach (int percent in (int[])[1, 50, 90, 99, 100])
            {
                ulong exact = values[(percent * 5) - 1], found = histogram.Percentile(percent);
                found.Should().BeGreaterThanOrEqualTo(exact).And.BeLessThanOrEqualTo(exact + (exact / 8));
            }
        }
    }

    [Fact]
    public void Sum_is_as_if_one_had_counted_all()
    {
        DurationHistogram one = new(), other = new(), all = new();
        for (ulong value = 1; value < 1_000_000; value = (value * 3) + 1)
        {
            (value % 2 == 0 ? one : other).Add(value);
            all.Add(value);
        }

        one.Add(other);
        one.Add(new DurationHistogram());

        one.Should().BeEquivalentTo(all);
        one.Percentile(50).Should().Be(all.Percentile(50));
    }

    [Fact]
    public void Nothing_counted_is_zero()
    {
        var histogram = new DurationHistogram();

        (histogram.Minimum, histogram.Maximum, histogram.Percentile(99)).Should().Be((0, 0, 0));
    }
}
