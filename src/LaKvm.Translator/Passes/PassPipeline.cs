namespace LaKvm.Translator;

/// <summary>The passes over a region's intermediate form, in their order.</summary>
internal sealed class PassPipeline(IrRegion region, IHostTraits host)
{
    /// <summary>Called with what becomes of each region: the name of a stage, and the text behind it.</summary>
    public Action<string, string>? Trace { get; set; }

    /// <summary>Makes the form of collected code, and runs all passes.</summary>
    public void Run(CodeRegion code)
    {
        region.Build(code);
        Show("decoded");
        Each(ConstantPass.Run);
        Show("constants");
        Each(DeadWritePass.Run);
        Show("dead writes");
        Each(WordPass.Run);
        Show("words");
        AccessGroups.Run(region, host);
        Show("accesses");
        LoopPass.Run(region, host);
        Show("loops");
        region.Registers.Choose(region, host);
    }

    private void Each(BlockPass pass)
    {
        foreach (IrBlock block in region.Blocks)
        {
            pass(region[block]);
        }
    }

    private void Show(string stage) => Trace?.Invoke(stage, IrPrinter.Print(region));

    private delegate void BlockPass(Span<Node> block);
}
