using System.Numerics;
using LaKvm.Cpu;

namespace LaKvm.Translator;

/// <summary>
/// Instructions that compute from known values become constants: the sequences by which programs load constants become
/// one for each step, and <see cref="DeadWritePass"/> leaves the last.
/// </summary>
internal static class ConstantPass
{
    /// <summary>Runs over a block.</summary>
    public static void Run(Span<Node> block)
    {
        Span<ulong> values = stackalloc ulong[32];
        values.Clear();
        uint known = 1;
        foreach (ref Node node in block)
        {
            if (ConstantFolding.Fold(node.Instruction, known, values) is not ulong value)
            {
                known &= ~node.Writes;
            }
            else if (node.Writes == 0)
            {
                (node.Kind, node.Reads, node.Whole) = (NodeKind.Nothing, 0, 0);
            }
            else
            {
                (node.Kind, node.Value, node.Reads, node.Whole) = (NodeKind.Constant, value, 0, 0);
                values[BitOperations.TrailingZeroCount(node.Writes)] = value;
                known |= node.Writes;
            }
        }
    }
}
