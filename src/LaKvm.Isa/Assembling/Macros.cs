namespace LaKvm.Isa.Assembling;

/// <summary>Operations that stand for several instructions.</summary>
internal static class Macros
{
    /// <summary>Expands li.w, li.d, la.local or la.pcrel; false when <paramref name="name"/> is another.</summary>
    public static bool TryExpand(AssemblyPass pass, string name, string[] operands)
    {
        if (name is not ("li.w" or "li.d" or "la.local" or "la.pcrel"))
        {
            return false;
        }

        if (operands.Length != 2 || !RegisterNames.TryParse(OperandKind.Gpr, operands[0], out int rd))
        {
            throw new AssemblyException($"{name} expects a general register and a value");
        }

        switch (name)
        {
            case "li.w":
                LoadImmediate(pass, rd, (int)pass.Evaluate(operands[1], int.MinValue, uint.MaxValue));
                break;
            case "li.d":
                LoadImmediate(pass, rd, pass.Evaluate(operands[1]).Number);
                break;
            default:
                LoadAddress(pass, rd, pass.Evaluate(operands[1]).Number);
                break;
        }

        return true;
    }

    /// <summary>
    /// The shortest of: one ori, addi.w or lu52i.d; or lu12i.w and ori for the low word, followed by lu32i.d and
    /// lu52i.d where bits 51:32 and 63:52 differ from the sign extension of what is below them.
    /// </summary>
    private static void LoadImmediate(AssemblyPass pass, int rd, long value)
    {
        if (value != 0 && (value & ((1L << 52) - 1)) == 0)
        {
            Emit(pass, Opcode.Lu52iD, rd, 0, value >> 52);
            return;
        }

        long low = value & 0xfff;
        int word = (int)value;
        if (word >>> 12 == 0)
        {
            Emit(pass, Opcode.Ori, rd, 0, low);
        }
        else if (word == SignExtend(low, 12))
        {
            Emit(pass, Opcode.AddiW, rd, 0, word);
        }
        else
        {
            Emit(pass, Opcode.Lu12iW, rd, word >> 12);
            if (low != 0)
            {
                Emit(pass, Opcode.Ori, rd, rd, low);
            }
        }

        if (SignExtend(value, 52) != word)
        {
            Emit(pass, Opcode.Lu32iD, rd, SignExtend(value >> 32, 20));
        }

        if (value != SignExtend(value, 52))
        {
            Emit(pass, Opcode.Lu52iD, rd, rd, value >> 52);
        }
    }

    /// <summary>pcalau12i gives the 4 KiB page relative to the PC's, addi.d adds the sign-extended rest.</summary>
    private static void LoadAddress(AssemblyPass pass, int rd, long address)
    {
        long pages = (address + 0x800 >> 12) - (pass.Here >> 12);
        Emit(pass, Opcode.Pcalau12i, rd, pages);
        Emit(pass, Opcode.AddiD, rd, rd, SignExtend(address, 12));
    }

    private static void Emit(AssemblyPass pass, Opcode opcode, params ReadOnlySpan<long> values) =>
        pass.EmitWord(Encoder.Encode(opcode, values));

    private static long SignExtend(long value, int bits) => value << (64 - bits) >> (64 - bits);
}
