namespace LaKvm.Isa.Assembling;

/// <summary>The directives: names that start with a dot.</summary>
internal static class Directives
{
    private const uint Nop = 0x03400000;
    private const long MaximumSpace = 1 << 30;

    /// <summary>Executes a directive.</summary>
    public static void Process(AssemblyPass pass, string name, string[] operands)
    {
        switch (name)
        {
            case ".text" or ".globl" or ".global":
                break; // One flat image has one section, and every label is visible.
            case ".byte":
                Data(pass, operands, 1);
                break;
            case ".half":
                Data(pass, operands, 2);
                break;
            case ".word":
                Data(pass, operands, 4);
                break;
            case ".dword" or ".quad":
                Data(pass, operands, 8);
                break;
            case ".ascii":
                Strings(pass, operands, []);
                break;
            case ".asciz" or ".string":
                Strings(pass, operands, [0]);
                break;
            case ".space" or ".zero" or ".skip":
                Space(pass, operands);
                break;
            case ".align" or ".p2align":
                Align(pass, 1L << (int)pass.Evaluate(Single(name, operands), 0, 30));
                break;
            case ".balign":
                Align(pass, pass.Evaluate(Single(name, operands), 1, MaximumSpace));
                break;
            case ".equ" or ".set":
                Constant(pass, name, operands);
                break;
            default:
                throw new AssemblyException($"unknown directive {name}");
        }
    }

    private static void Data(AssemblyPass pass, string[] operands, int size)
    {
        long minimum = size == 8 ? long.MinValue : -(1L << (size * 8 - 1));
        long maximum = size == 8 ? long.MaxValue : (1L << (size * 8)) - 1;
        foreach (string operand in operands)
        {
            pass.Emit((ulong)pass.Evaluate(operand, minimum, maximum), size);
        }
    }

    private static void Strings(AssemblyPass pass, string[] operands, byte[] terminator)
    {
        foreach (string operand in operands)
        {
            pass.Emit([.. StringLiteral.Bytes(operand), .. terminator]);
        }
    }

    private static void Space(AssemblyPass pass, string[] operands)
    {
        if (operands.Length is not (1 or 2))
        {
            throw new AssemblyException("expected a size and optionally a fill byte");
        }

        byte[] bytes = new byte[pass.Evaluate(operands[0], 0, MaximumSpace)];
        Array.Fill(bytes, operands.Length == 2 ? (byte)pass.Evaluate(operands[1], -128, 255) : (byte)0);
        pass.Emit(bytes);
    }

    /// <summary>Pads with zero bytes up to a whole word and with nops from there: padding can be executed.</summary>
    private static void Align(AssemblyPass pass, long alignment)
    {
        while ((ulong)pass.Here % (ulong)alignment != 0)
        {
            bool fits = (pass.Here & 3) == 0 && alignment % 4 == 0;
            pass.Emit(fits ? Nop : 0, fits ? 4 : 1);
        }
    }

    private static void Constant(AssemblyPass pass, string name, string[] operands)
    {
        if (operands.Length != 2)
        {
            throw new AssemblyException($"{name} expects a name and a value");
        }

        pass.DefineConstant(operands[0], pass.Evaluate(operands[1]));
    }

    private static string Single(string name, string[] operands) =>
        operands.Length == 1 ? operands[0] : throw new AssemblyException($"{name} expects one value");
}
