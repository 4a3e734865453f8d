using System.Globalization;
using System.Text;

namespace LaKvm.Isa;

/// <summary>How the disassembler writes an instruction.</summary>
[Flags]
public enum DisassemblyStyle
{
    /// <summary>ABI register names and aliases, as llvm-objdump does by default.</summary>
    Default = 0,

    /// <summary>Registers by number: $r4 instead of $a0.</summary>
    NumericRegisters = 1,

    /// <summary>Always the row's own mnemonic: andi instead of nop.</summary>
    NoAliases = 2,
}

/// <summary>Writes instructions as text, in the form of llvm-objdump -d.</summary>
public static class Disassembler
{
    /// <summary>
    /// The text of an instruction word: mnemonic, a tab, the operands separated by ", ". PC-relative targets are
    /// written as byte offsets from the instruction. A word that is no instruction is <c>&lt;unknown&gt;</c>.
    /// </summary>
    public static string Format(uint word, DisassemblyStyle style = DisassemblyStyle.Default)
    {
        Opcode opcode = Decoder.FindRow(word);
        if (opcode == Opcode.Invalid)
        {
            return "<unknown>";
        }

        OpcodeInfo info = opcode.Info();
        if ((style & DisassemblyStyle.NoAliases) == 0 && Alias.Find(opcode, word) is { } alias)
        {
            return Write(alias.Mnemonic, info, word, style, alias.Operands);
        }

        return Write(info.Mnemonic, info, word, style, Enumerable.Range(0, info.OperandCount));
    }

    /// <summary>The text of a decoded instruction; see <see cref="Format(uint, DisassemblyStyle)"/>.</summary>
    public static string Format(in Instruction instruction, DisassemblyStyle style = DisassemblyStyle.Default) =>
        Format(instruction.Word, style);

    private static string Write(
        string mnemonic, OpcodeInfo info, uint word, DisassemblyStyle style, IEnumerable<int> operands)
    {
        StringBuilder text = new(mnemonic);
        string separator = "\t";
        foreach (int index in operands)
        {
            Operand operand = info.OperandAt(index);
            int value = operand.Extract(word);
            text.Append(separator).Append(
                operand.IsRegister
                    ? RegisterNames.Name(operand.Kind, value, (style & DisassemblyStyle.NumericRegisters) != 0)
                    : value.ToString(CultureInfo.InvariantCulture));
            separator = ", ";
        }

        return text.ToString();
    }
}
