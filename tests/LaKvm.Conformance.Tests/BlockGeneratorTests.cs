using System.Runtime.InteropServices;
using LaKvm.Conformance.Tests.RandomBlocks;
using LaKvm.Isa;

namespace LaKvm.Conformance.Tests;

/// <summary>What the random blocks are made of.</summary>
public sealed class BlockGeneratorTests
{
    /// <summary>They leave the program, or their result is another one each time.</summary>
    private static readonly Opcode[] Excluded =
        [Opcode.Syscall, Opcode.Dbcl, Opcode.Hvcl, Opcode.RdtimeD, Opcode.RdtimehW, Opcode.RdtimelW];

    [Fact]
    public void Every_instruction_that_a_program_can_execute_occurs()
    {
        HashSet<Opcode> seen = [];
        foreach (BlockKind kind in Enum.GetValues<BlockKind>())
        {
            seen.UnionWith(Blocks(kind, 10_000).SelectMany(block => block.Code).Select(Decoder.Find));
        }

        Enumerable.Range(1, OpcodeTable.Count - 1).Select(n => (Opcode)n)
            .Where(row => row.Info() is { IsPrivileged: false, Unit: not Unit.Lbt })
            .Except(seen).Should().BeEquivalentTo(Excluded);
        seen.Should().Contain(Opcode.Invalid).And.Contain(row => row.Info().IsPrivileged);
    }

    [Theory]
    [InlineData(BlockKind.Scalar)]
    [InlineData(BlockKind.Vector)]
    public void Seed_determines_the_block(BlockKind kind)
    {
        foreach ((Block first, Block second) in Blocks(kind, 200).Zip(Blocks(kind, 200)))
        {
            second.Code.Should().Equal(first.Code);
            second.Data.AsSpan().SequenceEqual(first.Data).Should().BeTrue();
            Bytes(second).SequenceEqual(Bytes(first)).Should().BeTrue();
        }
    }

    /// <summary>Branches other than a loop's lead forward, and none leaves its block.</summary>
    [Theory]
    [InlineData(BlockKind.Scalar)]
    [InlineData(BlockKind.Vector)]
    public void Branch_leads_to_the_beginning_of_an_item(BlockKind kind)
    {
        foreach (Block block in Blocks(kind, 300))
        {
            for (int at = 0; at < block.Code.Count; at++)
            {
                OpcodeInfo info = Decoder.Find(block.Code[at]).Info();
                if (info.Flow is Flow.Branch or Flow.Jump or Flow.Call)
                {
                    int target = at + (info.OperandAt(info.OperandCount - 1).Extract(block.Code[at]) / 4);
                    block.Items.Should().Contain(target);
                    (target > at || info.Opcode == Opcode.Blt).Should().BeTrue();
                }
            }
        }
    }

    /// <summary>QEMU keeps its LLbit after sc, and would let a second one succeed.</summary>
    [Fact]
    public void Sc_without_ll_comes_before_all_pairs_and_in_no_loop()
    {
        int lone = 0;
        foreach (Block block in Blocks(BlockKind.Scalar, 20_000))
        {
            List<Opcode> rows = [.. block.Code.Select(Decoder.Find)];
            int linked = rows.FindIndex(row => row is Opcode.LlW or Opcode.LlD);
            for (int at = 0; at < rows.Count; at++)
            {
                if (rows[at] is Opcode.ScW or Opcode.ScD && (linked < 0 || at < linked))
                {
                    lone++;
                    InLoop(block, rows, at).Should().BeFalse();
                }
            }
        }

        lone.Should().BePositive();
    }

    private static bool InLoop(Block block, List<Opcode> rows, int place)
    {
        for (int at = place; at < rows.Count; at++)
        {
            OpcodeInfo info = rows[at].Info();
            if (info.Flow == Flow.Branch
                && at + (info.OperandAt(info.OperandCount - 1).Extract(block.Code[at]) / 4) <= place)
            {
                return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<byte> Bytes(Block block) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<MachineState>(ref block.Start));

    private static IEnumerable<Block> Blocks(BlockKind kind, int count)
    {
        var generator = new BlockGenerator(kind);
        for (int n = 0; n < count; n++)
        {
            var block = new Block();
            generator.Make(block, (ulong)n, n % Layout.Blocks, Layout.Code + 4);
            yield return block;
        }
    }
}
