namespace LaKvm.Translator;

/// <summary>
/// What all who emit code of a region share: where they are, what is known there, and what they leave for behind the
/// blocks.
/// </summary>
internal sealed unsafe class EmitContext(
    Emitter emitter, CodeArena arena, Stubs stubs, CodeRegion region, IrRegion ir, List<Link> links,
    HostFeatures features)
{
    /// <summary>Length of the check for attention at the entry of a block.</summary>
    public const int CheckBytes = 10;

    /// <summary>What is known at this place.</summary>
    public BlockFacts Facts = BlockFacts.None;

    /// <summary>Writes the host's instructions.</summary>
    public Emitter Emitter => emitter;

    /// <summary>Where the code goes.</summary>
    public CodeArena Arena => arena;

    /// <summary>The fixed pieces of machine code.</summary>
    public Stubs Stubs => stubs;

    /// <summary>What is translated.</summary>
    public CodeRegion Region => region;

    /// <summary>The jumps whose targets are not translated, of all regions.</summary>
    public List<Link> Links => links;

    /// <summary>What may be used of the host.</summary>
    public HostFeatures Features => features;

    /// <summary>The region's page.</summary>
    public CodePage* Page { get; set; }

    /// <summary>Offset of the current instruction in the page.</summary>
    public int Offset { get; set; }

    /// <summary>Offset behind the current block.</summary>
    public int BlockEnd { get; set; }

    /// <summary>Copies of the current block that are not finished, this one included.</summary>
    public int Copies { get; set; }

    /// <summary>What the passes have made of the region.</summary>
    public IrRegion Ir => ir;

    /// <summary>Which guest registers live in host registers in this region.</summary>
    public RegisterAssignment Assignment => ir.Registers;

    /// <summary>Which are held in scratch registers here.</summary>
    public LocalRegisters Locals { get; } = new(ir);

    /// <summary>Which vector registers are in host registers here.</summary>
    public VectorCache Vectors { get; } = new(emitter);

    /// <summary>What will be emitted behind the blocks.</summary>
    public List<Tail> Tails { get; } = [];

    /// <summary>What is known here, to be kept.</summary>
    public BlockState Now => new(Facts, Vectors.Now);

    /// <summary>A constant near the code: 128 bits twice.</summary>
    public Rm Constant(ulong low, ulong high) => Rm.Near(arena.Constant(low, high));

    /// <summary>A constant near the code: 64 bits four times.</summary>
    public Rm Constant(ulong word) => Constant(word, word);

    /// <summary>
    /// Forgets what is known of vector registers and the FPU's state: at the beginning of a block, and behind handlers.
    /// </summary>
    public void ForgetVectors()
    {
        Vectors.Clear();
        Facts.ForgetUnits();
    }
}
