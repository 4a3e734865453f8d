using LaKvm.Isa.Generated;

namespace LaKvm.Isa;

/// <summary>Turns instruction words into <see cref="Instruction"/>s. All it reads is static data.</summary>
public static class Decoder
{
    /// <summary>
    /// Decodes one word. A word that is no instruction of the LA464 gives <see cref="Opcode.Invalid"/>, which
    /// executes as INE.
    /// </summary>
    public static Instruction Decode(uint word)
    {
        Opcode opcode = Find(word);
        int format = OpcodeData.Formats[(int)opcode];
        uint second = OpcodeData.SecondImmediate[format];
        return new()
        {
            Opcode = opcode,
            D = (byte)(word & 31),
            J = (byte)(word >> 5 & 31),
            K = (byte)(word >> 10 & 31),
            A = (byte)(second == 0 ? word >> 15 & 31 : (uint)new Operand(second).Extract(word)),
            Imm = new Operand(OpcodeData.FirstImmediate[format]).Extract(word),
            Word = word,
        };
    }

    /// <summary>The row that <paramref name="word"/> executes as.</summary>
    public static Opcode Find(uint word)
    {
        Opcode row = FindRow(word);

        // AM instructions: the same register as rd and rj raises INE (manual vol. 1, 2.2.7.1). Compilers rely on it:
        // amswap.w $zero, $ra, $zero is their trap instruction.
        bool raisesIne = ((OpcodeFlags)OpcodeData.Flags[(int)row] & OpcodeFlags.RdNotRj) != 0
            && (word & 31) == (word >> 5 & 31);
        return raisesIne ? Opcode.Invalid : row;
    }

    /// <summary>The row that <paramref name="word"/> is written as, AM words that raise INE included.</summary>
    internal static Opcode FindRow(uint word)
    {
        int row = SearchTree(word);
        return (word & OpcodeData.Masks[row]) == OpcodeData.Words[row] ? (Opcode)row : Opcode.Invalid;
    }

    /// <summary>
    /// Walks the decision tree: a node names a field of the word and the base of its branches in
    /// <see cref="OpcodeData.Tree"/>; a branch is another node, or the only row that can still match.
    /// </summary>
    private static int SearchTree(uint word)
    {
        int branch = OpcodeData.NodeFlag;
        do
        {
            uint node = OpcodeData.Nodes[branch & ~OpcodeData.NodeFlag];
            uint field = word >> (int)(node & 31) & ((1u << (int)(node >> 5 & 31)) - 1);
            branch = OpcodeData.Tree[(int)((node >> 10) + field)];
        }
        while ((branch & OpcodeData.NodeFlag) != 0);
        return branch;
    }
}
