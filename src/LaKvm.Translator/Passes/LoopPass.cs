using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// A block of floating-point or vector code that branches to its own beginning is emitted several times in a row, so
/// that vector registers and the last operation go from one time to the next in host registers.
/// </summary>
internal static class LoopPass
{
    /// <summary>Instructions that copies may add to a region.</summary>
    public const int MaximumCopied = 64;

    /// <summary>Instructions of a loop that is emitted four times, not twice.</summary>
    private const int ShortLoop = 12;

    /// <summary>Runs over a region.</summary>
    public static void Run(IrRegion region, IHostTraits host)
    {
        int copied = 0;
        for (int n = 0; n < region.Blocks.Count; n++)
        {
            IrBlock block = region.Blocks[n];
            int copies = block.Length <= ShortLoop ? 4 : 2, added = block.Length * (copies - 1);
            if (!region.CountsBranches && FollowsItself(region, block) && ComputesVectors(region[block], host)
                && copied + added <= MaximumCopied)
            {
                copied += added;
                region.Blocks[n] = block with { Copies = copies };
            }
        }
    }

    private static bool FollowsItself(IrRegion region, IrBlock block)
    {
        int at = block.End - 4;
        ref readonly Node last = ref region[at];
        return last.Info.Flow == Flow.Branch && CodeRegion.Target(last.Instruction, at) == block.Start;
    }

    private static bool ComputesVectors(Span<Node> block, IHostTraits host)
    {
        foreach (ref readonly Node node in block)
        {
            if (host.UsesVectors(node))
            {
                return true;
            }
        }

        return false;
    }
}
