using System.Numerics;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Which registers hold sign-extended words (manual vol. 1, 2.2.1), and whose upper halves each instruction looks at:
/// the extension that ends an instruction on words may wait until somebody does.
/// </summary>
internal static class WordPass
{
    /// <summary>Runs over a block.</summary>
    public static void Run(Span<Node> block)
    {
        uint words = 1;
        foreach (ref Node node in block)
        {
            node.Words = words;
            node.Whole = node.Kind == NodeKind.Instruction ? WholeOperands(node) : 0;
            words = IsWord(node) ? words | node.Writes : words & ~node.Writes;
        }
    }

    private static uint WholeOperands(in Node node)
    {
        OpcodeInfo info = node.Info;
        ref readonly Instruction i = ref node.Instruction;
        if (info.ReadsLowWords || (info.TreatsWordsAlike && AreWords(node)))
        {
            return 0;
        }

        // The bits that are picked say how much of the operand counts.
        if (i.Opcode == Opcode.BstrpickD && i.Imm < 32)
        {
            return 0;
        }

        bool storesPart = info.Access == AccessKind.Store && info.Unit == Unit.None && info.AccessSize < sizeof(ulong);
        return storesPart ? node.Reads & ~StoredOnly(node) : node.Reads;
    }

    /// <summary>The register that is stored, if it is no part of the address.</summary>
    private static uint StoredOnly(in Node node)
    {
        ref readonly Instruction i = ref node.Instruction;
        uint address = 1u << i.J | (node.Info.IsIndexed ? 1u << i.K : 0);
        return (1u << i.D) & ~address;
    }

    private static bool IsWord(in Node node)
    {
        if (node.Kind == NodeKind.Constant)
        {
            return (ulong)(int)node.Value == node.Value;
        }

        OpcodeInfo info = node.Info;
        ref readonly Instruction i = ref node.Instruction;
        return info.WritesWord || (info.TreatsWordsAlike && AreWords(node))
            || (i.Opcode == Opcode.BstrpickD && i.Imm - i.A < 31);
    }

    private static bool AreWords(in Node node) => (node.Reads & ~node.Words) == 0;
}
