namespace LaKvm.Isa.Generator;

/// <summary>One row of the instruction table.</summary>
internal sealed record Row
{
    /// <summary>The instruction word with all operand bits zero.</summary>
    public required uint Word { get; init; }

    /// <summary>The manual's mnemonic.</summary>
    public required string Mnemonic { get; init; }

    /// <summary>Operand tokens as written in the table, comma-separated; empty without operands.</summary>
    public required string Syntax { get; init; }

    /// <summary>The operands in the manual's order.</summary>
    public required Operand[] Operands { get; init; }

    /// <summary>Members of <c>OpcodeFlags</c> that describe the row.</summary>
    public required string[] Flags { get; init; }

    /// <summary>What the row does, if the table says it.</summary>
    public Semantic? Semantic { get; init; }

    /// <summary>The operand slots (bit 0 is D, 1 J, 2 K) with a general register that the row reads.</summary>
    public int GprReads { get; init; }

    /// <summary>The operand slots with a general register that the row writes: D or none.</summary>
    public int GprWrites { get; init; }

    /// <summary>The member of <c>Flow</c> that ends a block here; empty where the next instruction follows.</summary>
    public string Flow => Flags.FirstOrDefault(
        flag => flag is "Branch" or "Jump" or "Call" or "Indirect" or "Trap" or "Return" or "Sync", "");

    /// <summary>The bits of the word that no operand occupies.</summary>
    public uint Mask => Operands.Aggregate(uint.MaxValue, (mask, operand) => mask & ~operand.Mask);

    /// <summary>The <c>Opcode</c> member: the mnemonic in Pascal case, split at '.' and '_'.</summary>
    public string Name =>
        string.Concat(Mnemonic.Split('.', '_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
