namespace LaKvm.Translator;

/// <summary>
/// What is known of the state at a place of a block, while the block is translated. A value: a copy is what was known
/// where it was made.
/// </summary>
internal struct BlockFacts
{
    /// <summary>Registers in host registers whose upper half is not what it should be: a copy of bit 31.</summary>
    public uint Narrow;

    /// <summary>Units that are known to be on.</summary>
    public int Checked;

    /// <summary>Units for which the host's FPU is known to compute for the guest.</summary>
    public int Ready;

    /// <summary>The last operation of the host's FPU, if it is not saved.</summary>
    public LastOperation Last;

    /// <summary>The group of accesses that rsi belongs to.</summary>
    public int Group;

    /// <summary>Whether the block has accesses in groups.</summary>
    public bool HasGroups;

    /// <summary>What is known before anything is.</summary>
    public static BlockFacts None => new() { Group = AccessGroups.None };

    /// <summary>Forgets what is known of the FPU's state, and which group rsi belongs to.</summary>
    public void ForgetUnits()
    {
        Last = default;
        Group = AccessGroups.None;
        Checked = 0;
        Ready = 0;
    }
}

/// <summary>What is known at a place of a block, and what the host's vector registers hold there.</summary>
/// <param name="Facts">What is known.</param>
/// <param name="Vectors">What the vector registers hold.</param>
internal readonly record struct BlockState(BlockFacts Facts, VectorCache.Snapshot Vectors);
