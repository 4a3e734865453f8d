namespace LaKvm.Isa.Assembling;

/// <summary>Turns one instruction's text into its word.</summary>
internal static class Encoder
{
    private static readonly Dictionary<string, Opcode> Rows = Enumerable.Range(1, OpcodeTable.Count - 1)
        .ToDictionary(row => ((Opcode)row).Info().Mnemonic, row => (Opcode)row);

    private static readonly Dictionary<string, Alias> Aliases = Alias.All.ToDictionary(alias => alias.Mnemonic);

    /// <summary>Encodes an instruction or alias with its operands as text.</summary>
    public static uint Encode(AssemblyPass pass, string mnemonic, string[] texts)
    {
        if (Rows.TryGetValue(mnemonic, out Opcode opcode))
        {
            OpcodeInfo info = opcode.Info();
            return Encode(pass, info, info.Word, Enumerable.Range(0, info.OperandCount).ToArray(), texts);
        }

        return Aliases.TryGetValue(mnemonic, out Alias? alias)
            ? Encode(pass, alias.Opcode.Info(), alias.Word, alias.Operands, texts)
            : throw new AssemblyException($"unknown instruction {mnemonic}");
    }

    /// <summary>Encodes a row with the values of its operands.</summary>
    public static uint Encode(Opcode opcode, ReadOnlySpan<long> values)
    {
        OpcodeInfo info = opcode.Info();
        uint word = info.Word;
        for (int index = 0; index < values.Length; index++)
        {
            word |= Insert(info.OperandAt(index), values[index]);
        }

        return word;
    }

    private static uint Encode(AssemblyPass pass, OpcodeInfo info, uint word, int[] operands, string[] texts)
    {
        if (texts.Length != operands.Length)
        {
            throw new AssemblyException($"expected {operands.Length} operands, found {texts.Length}");
        }

        for (int i = 0; i < texts.Length; i++)
        {
            word |= Insert(info.OperandAt(operands[i]), Read(pass, info, operands[i], texts[i]));
        }

        RejectForbidden(info, word);
        return word;
    }

    /// <summary>The value of an operand: a register's number, or a number that a label makes PC-relative.</summary>
    private static long Read(AssemblyPass pass, OpcodeInfo info, int index, string text)
    {
        Operand operand = info.OperandAt(index);
        if (operand.IsRegister)
        {
            return RegisterNames.TryParse(operand.Kind, text, out int number)
                ? number
                : throw new AssemblyException(
                    $"{text} is not a register of the kind {RegisterNames.Name(operand.Kind, 0, numeric: true)}");
        }

        Value value = pass.Evaluate(text);
        bool isTarget = info.Flow is Flow.Branch or Flow.Jump or Flow.Call && index == info.OperandCount - 1;
        return isTarget && value.IsAddress ? value.Number - pass.Here : value.Number;
    }

    private static uint Insert(Operand operand, long value)
    {
        if (operand.Accepts(value))
        {
            return operand.Insert((int)value);
        }

        string unit = operand.Scale == 0 ? "" : $" and a multiple of {1 << operand.Scale}";
        throw new AssemblyException($"{value} must be {operand.Minimum} to {operand.Maximum}{unit}");
    }

    private static void RejectForbidden(OpcodeInfo info, uint word)
    {
        if (Decoder.FindRow(word) != info.Opcode)
        {
            throw new AssemblyException($"rj of {info.Mnemonic} must not be $r0 or $r1");
        }

        // With $r0 it is the trap idiom and allowed.
        if (Decoder.Find(word) != info.Opcode && (word & 31) != 0)
        {
            throw new AssemblyException($"rd and rj of {info.Mnemonic} must be different registers");
        }
    }
}
