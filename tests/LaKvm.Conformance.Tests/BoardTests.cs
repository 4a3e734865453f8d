using System.Diagnostics;
using System.Globalization;
using LaKvm.Conformance.Tests.Board;

namespace LaKvm.Conformance.Tests;

/// <summary>
/// Random accesses to the devices lead to the same values and interrupts on our board as on QEMU's. Longer runs:
/// LAKVM_BOARD is the number of sequences, LAKVM_BOARD_SEED the seed of the first.
/// </summary>
public sealed class BoardTests
{
    private const int SequenceLength = 200;
    private const ulong FixedSeed = 1;

    private static readonly TimeSpan Share = TimeSpan.FromSeconds(15);

    [Fact]
    [Trait("Category", "Slow")]
    public void Random_accesses_to_the_board_end_as_on_qemu()
    {
        using var ours = new OurBoard();
        using var theirs = new QemuBoard();
        var checker = new BoardChecker(ours, theirs);
        if (Number("LAKVM_BOARD") is { } count)
        {
            Run(checker, Number("LAKVM_BOARD_SEED") ?? Fresh(), count, TimeSpan.MaxValue);
            return;
        }

        Run(checker, FixedSeed, ulong.MaxValue, Share);
        Run(checker, Fresh(), ulong.MaxValue, Share);
    }

    [Fact]
    public void Difference_is_made_as_small_as_it_gets()
    {
        List<BoardAccess> sequence = new AccessGenerator(3).Sequence(100);
        var wanted = new BoardAccess(true, true, 0x1008, 4, 0x8000);
        sequence.Insert(60, wanted);
        var checker = new BoardChecker(new PretendedBoard(null), new PretendedBoard(wanted));

        checker.Shrink(sequence).Should().Equal(wanted);
    }

    [Fact]
    public void Seed_determines_the_sequence()
    {
        new AccessGenerator(5).Sequence(300).Should().Equal(new AccessGenerator(5).Sequence(300));
        new AccessGenerator(5).Sequence(300).Should().NotEqual(new AccessGenerator(6).Sequence(300));
    }

    private static void Run(BoardChecker checker, ulong seed, ulong count, TimeSpan time)
    {
        var elapsed = Stopwatch.StartNew();
        ulong done = 0;
        for (; done < count && elapsed.Elapsed < time; done++)
        {
            checker.Check(new AccessGenerator(seed + done).Sequence(SequenceLength)).Should().BeNull(
                "both boards agree (seed {0})", seed + done);
        }

        done.Should().BePositive();
    }

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture)
            : null;

    private static ulong Fresh() => (ulong)Random.Shared.NextInt64(1000, long.MaxValue / 2);

    /// <summary>Raises a line from one access on.</summary>
    private sealed class PretendedBoard(BoardAccess? cause) : IBoard
    {
        public BoardOutcome[] Run(IReadOnlyList<BoardAccess> accesses)
        {
            bool raised = false;
            return [.. accesses.Select(a => new BoardOutcome(0, (raised |= a == cause) ? 4u : 0))];
        }

        public void Dispose()
        {
        }
    }
}
