using System.Globalization;
using LaKvm.Conformance.Tests.RandomBlocks;

namespace LaKvm.Conformance.Tests;

/// <summary>
/// Random blocks of instructions end in the same state on QEMU, on the interpreter and on the translator. Longer runs:
/// LAKVM_BLOCKS is the number of blocks of each kind, LAKVM_BLOCKS_SEED the seed, LAKVM_BLOCKS_LOG a file to follow the
/// run in.
/// </summary>
public sealed class RandomBlockTests
{
    private const int FixedSeed = 2;

    private static readonly TimeSpan Share = TimeSpan.FromSeconds(30);

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(BlockKind.Scalar)]
    [InlineData(BlockKind.Vector)]
    public void Random_blocks_end_as_on_qemu(BlockKind kind)
    {
        if (Environment.GetEnvironmentVariable("LAKVM_BLOCKS") is { } count)
        {
            string? seed = Environment.GetEnvironmentVariable("LAKVM_BLOCKS_SEED");
            Check(kind, Number(seed) ?? Fresh(), Number(count) ?? 0, TimeSpan.MaxValue);
            return;
        }

        Check(kind, FixedSeed, long.MaxValue, Share);
        Check(kind, Fresh(), long.MaxValue, Share);
    }

    private static uint? Number(string? text) => text == null ? null : uint.Parse(text, CultureInfo.InvariantCulture);

    private static uint Fresh() => (uint)Random.Shared.Next(3, int.MaxValue);

    private static void Check(BlockKind kind, uint seed, long blocks, TimeSpan time)
    {
        using var run = new BlockRun(kind, seed);
        string? log = Environment.GetEnvironmentVariable("LAKVM_BLOCKS_LOG");
        run.Run(blocks, time, log == null ? null : line => File.AppendAllText(log, line + "\n"));
        run.Findings.Should().BeEmpty(run.Summary);
        run.Compared.Should().BePositive();
    }
}
