using LaKvm.Isa.Generated;

namespace LaKvm.Isa;

/// <summary>The table's facts about one instruction. A view of static data: creating one costs nothing.</summary>
public readonly struct OpcodeInfo
{
    internal const int FlowShift = 8;
    internal const int AccessShift = 12;
    internal const int SizeShift = 16;

    private readonly OpcodeFlags _flags;

    internal OpcodeInfo(Opcode opcode)
    {
        Opcode = opcode;
        _flags = (OpcodeFlags)OpcodeData.Flags[(int)opcode];
    }

    /// <summary>The row.</summary>
    public Opcode Opcode { get; }

    /// <summary>The manual's mnemonic, e.g. <c>amswap_db.w</c>; empty for <see cref="Opcode.Invalid"/>.</summary>
    public string Mnemonic
    {
        get
        {
            int start = OpcodeData.MnemonicStart[(int)Opcode];
            return OpcodeData.Mnemonics[start..OpcodeData.MnemonicStart[(int)Opcode + 1]];
        }
    }

    /// <summary>The instruction word with all operand bits zero.</summary>
    public uint Word => OpcodeData.Words[(int)Opcode];

    /// <summary>The bits of the word that are fixed.</summary>
    public uint Mask => OpcodeData.Masks[(int)Opcode];

    /// <summary>The unit that executes the instruction.</summary>
    public Unit Unit => (Unit)(_flags & OpcodeFlags.UnitMask);

    /// <summary>Whether the instruction raises IPE outside PLV0 (manual vol. 1, 4.2).</summary>
    public bool IsPrivileged => (_flags & OpcodeFlags.Privileged) != 0;

    /// <summary>
    /// The operand slots (bit 0 is D, 1 J, 2 K) that are general registers which the instruction reads.
    /// </summary>
    public int GprReads => OpcodeData.GprReads[(int)Opcode];

    /// <summary>
    /// The operand slots that are general registers which the instruction writes: bit 0 (D), or none.
    /// </summary>
    public int GprWrites => OpcodeData.GprWrites[(int)Opcode];

    /// <summary>
    /// Whether an engine may put another register in the D slot for r0, so that the write needs no test: the
    /// instruction writes D, and what it reads there, if anything, goes into that write alone.
    /// </summary>
    public bool DropsR0 => (_flags & OpcodeFlags.DropsR0) != 0;

    /// <summary>Whether the access checks a bound, which is in rk; rj alone is the address then.</summary>
    public bool IsBoundChecked => (_flags & OpcodeFlags.Bound) != 0;

    /// <summary>Whether the address of the load or store is rj + rk.</summary>
    public bool IsIndexed => Access is AccessKind.Load or AccessKind.Store && !IsBoundChecked && (GprReads & 4) != 0;

    /// <summary>
    /// Whether the row writes an LSX register and clears bits 255:128 above it; every other row with one leaves them
    /// alone. The architecture does not define them: this is what QEMU 11.1 does.
    /// </summary>
    public bool ClearsUpper => (_flags & OpcodeFlags.ClearsUpper) != 0;

    /// <summary>Whether all that the instruction does is to compute rd from registers, the PC and its word.</summary>
    public bool Computes => (_flags & (OpcodeFlags.Computes | OpcodeFlags.UnitMask)) == OpcodeFlags.Computes;

    /// <summary>Whether only the low words of the general registers that it reads count.</summary>
    public bool ReadsLowWords => (_flags & OpcodeFlags.LowWords) != 0;

    /// <summary>
    /// Whether the instruction, if what it reads are sign-extended words, may be done on words: the result is the word,
    /// sign-extended.
    /// </summary>
    public bool TreatsWordsAlike => (_flags & OpcodeFlags.WordsAlike) != 0;

    /// <summary>Whether what it writes to rd always is a sign-extended word.</summary>
    public bool WritesWord => (_flags & OpcodeFlags.WordResult) != 0;

    internal OpcodeFlags Flags => _flags;

    /// <summary>How the instruction continues.</summary>
    public Flow Flow => (Flow)((uint)(_flags & OpcodeFlags.FlowMask) >> FlowShift);

    /// <summary>Whether the instruction is the last one of a block.</summary>
    public bool EndsBlock => (_flags & OpcodeFlags.FlowMask) != 0;

    /// <summary>How the instruction accesses memory as data.</summary>
    public AccessKind Access => (AccessKind)((uint)(_flags & OpcodeFlags.AccessMask) >> AccessShift);

    /// <summary>Size in bytes of the memory access, 1 to 32; 0 without one.</summary>
    public int AccessSize => (int)((uint)(_flags & OpcodeFlags.SizeMask) >> SizeShift);

    /// <summary>Number of operands, 0 to 4.</summary>
    public int OperandCount
    {
        get
        {
            int format = OpcodeData.Formats[(int)Opcode];
            return OpcodeData.FormatStart[format + 1] - OpcodeData.FormatStart[format];
        }
    }

    /// <summary>The operand at <paramref name="index"/> in the manual's order.</summary>
    public Operand OperandAt(int index) =>
        new(OpcodeData.FormatOperands[OpcodeData.FormatStart[OpcodeData.Formats[(int)Opcode]] + index]);
}

/// <summary>The instruction table.</summary>
public static class OpcodeTable
{
    /// <summary>Number of rows, <see cref="Opcode.Invalid"/> (row 0) included.</summary>
    public static int Count => OpcodeData.Words.Length;

    /// <summary>The facts about <paramref name="opcode"/>.</summary>
    public static OpcodeInfo Info(this Opcode opcode) => new(opcode);
}
