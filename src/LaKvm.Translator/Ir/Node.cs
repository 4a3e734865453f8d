using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// One guest instruction on its way to machine code: what the instruction table says of it, and what the passes have
/// found out. Sets of general registers are a bit each; r0, which is no state, is in none.
/// </summary>
internal struct Node
{
    /// <summary>The instruction.</summary>
    public Instruction Instruction;

    /// <summary>What is left to do.</summary>
    public NodeKind Kind;

    /// <summary>The group of accesses that it belongs to, or <see cref="AccessGroups.None"/>.</summary>
    public sbyte Group;

    /// <summary>What rd becomes, of a <see cref="NodeKind.Constant"/>.</summary>
    public ulong Value;

    /// <summary>General registers that it reads.</summary>
    public uint Reads;

    /// <summary>The general register that it writes.</summary>
    public uint Writes;

    /// <summary>Of those that it reads, those whose upper halves count here.</summary>
    public uint Whole;

    /// <summary>Registers that are known to hold sign-extended words in front of it; r0 always does.</summary>
    public uint Words;

    /// <summary>The table's other facts.</summary>
    public readonly OpcodeInfo Info => Instruction.Opcode.Info();

    /// <summary>Whether it does nothing but write a general register: nobody else sees when, or whether.</summary>
    public readonly bool IsPure => Kind != NodeKind.Instruction || Info.Computes;

    /// <summary>Whether it reads a general register.</summary>
    public readonly bool IsReading(int guest) => (Reads >> guest & 1) != 0;

    /// <summary>Whether it writes a general register.</summary>
    public readonly bool IsWriting(int guest) => (Writes >> guest & 1) != 0;
}

/// <summary>What is left of an instruction to do.</summary>
internal enum NodeKind : byte
{
    /// <summary>All of it.</summary>
    Instruction,

    /// <summary>It writes a value that is known.</summary>
    Constant,

    /// <summary>Nothing: it only counts.</summary>
    Nothing,
}
