using System.Numerics;
using System.Text;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>A region's intermediate form as text, a line for each instruction: to read and to compare.</summary>
internal static class IrPrinter
{
    /// <summary>The text of a region.</summary>
    public static string Print(IrRegion region)
    {
        var text = new StringBuilder();
        foreach (IrBlock block in region.Blocks)
        {
            text.Append($"block {block.Start:x3} to {block.End:x3}{Times(block.Copies)}\n");
            for (int at = block.Start; at < block.End; at += 4)
            {
                text.Append($"  {at:x3}  {Print(region[at])}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Machine code as text: its address, and its bytes.</summary>
    public static unsafe string Print(byte* code, byte* end)
    {
        const int width = 32;
        var text = new StringBuilder($"at 0x{(nint)code:x}, {end - code} bytes\n");
        for (; code < end; code += width)
        {
            int length = (int)Math.Min(width, end - code);
            text.Append($"  {Convert.ToHexStringLower(new ReadOnlySpan<byte>(code, length))}\n");
        }

        return text.ToString();
    }

    /// <summary>The text of a node: what is left to do, and what is known.</summary>
    public static string Print(in Node node)
    {
        string what = node.Kind switch
        {
            NodeKind.Nothing => "nothing",
            NodeKind.Constant => $"{Names(node.Writes)} = 0x{node.Value:x}",
            _ => Disassembler.Format(node.Instruction).Replace('\t', ' '),
        };
        var text = new StringBuilder($"{what,-32}");
        Append(text, "reads", node.Reads);
        Append(text, "writes", node.Writes);
        Append(text, "whole", node.Whole);
        Append(text, "words", node.Words & ~1u);
        if (node.Group != AccessGroups.None)
        {
            text.Append($" group {node.Group}");
        }

        return text.ToString().TrimEnd();
    }

    private static string Times(int copies) => copies == 1 ? "" : $", {copies} times";

    private static void Append(StringBuilder text, string name, uint registers)
    {
        if (registers != 0)
        {
            text.Append($" {name} {Names(registers)}");
        }
    }

    private static string Names(uint registers)
    {
        var names = new List<string>();
        for (; registers != 0; registers &= registers - 1)
        {
            names.Add("r" + BitOperations.TrailingZeroCount(registers));
        }

        return string.Join(',', names);
    }
}
