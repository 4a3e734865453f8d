namespace LaKvm.Translator;

/// <summary>
/// What is written to a register and overwritten before anybody can see it is not computed. Whatever may leave the
/// block sees all registers.
/// </summary>
internal static class DeadWritePass
{
    private const uint All = ~0u;

    /// <summary>Runs over a block, from its end.</summary>
    public static void Run(Span<Node> block)
    {
        uint live = All;
        for (int n = block.Length - 1; n >= 0; n--)
        {
            ref Node node = ref block[n];
            if (!node.IsPure)
            {
                live = All;
            }
            else if ((node.Writes & live) == 0)
            {
                (node.Kind, node.Reads, node.Whole, node.Writes) = (NodeKind.Nothing, 0, 0, 0);
            }
            else
            {
                live = (live & ~node.Writes) | node.Reads;
            }
        }
    }
}
