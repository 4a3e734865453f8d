namespace LaKvm.Isa;

/// <summary>Names of the registers in assembly text, with the leading '$'.</summary>
internal static class RegisterNames
{
    /// <summary>ABI names of the general registers (LoongArch ELF psABI).</summary>
    private static readonly string[] GprAbi =
    [
        "$zero", "$ra", "$tp", "$sp", "$a0", "$a1", "$a2", "$a3",
        "$a4", "$a5", "$a6", "$a7", "$t0", "$t1", "$t2", "$t3",
        "$t4", "$t5", "$t6", "$t7", "$t8", "$r21", "$fp", "$s0",
        "$s1", "$s2", "$s3", "$s4", "$s5", "$s6", "$s7", "$s8",
    ];

    private static readonly Dictionary<OperandKind, Dictionary<string, int>> Numbers = BuildNumbers();

    /// <summary>The name of a register, by its ABI name or (<paramref name="numeric"/>) by its number.</summary>
    public static string Name(OperandKind kind, int number, bool numeric) => kind switch
    {
        OperandKind.Gpr => numeric ? $"$r{number}" : GprAbi[number],
        OperandKind.Fpr => numeric ? $"$f{number}" : FprAbi(number),
        OperandKind.Fcc => $"$fcc{number}",
        OperandKind.Fcsr => $"$fcsr{number}",
        OperandKind.Scr => $"$scr{number}",
        OperandKind.Vr => $"$vr{number}",
        OperandKind.Xr => $"$xr{number}",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The number of a register of the given kind; both its names are known, and $s9 for $fp.</summary>
    public static bool TryParse(OperandKind kind, string name, out int number) =>
        Numbers[kind].TryGetValue(name, out number);

    private static string FprAbi(int number) => number switch
    {
        < 8 => $"$fa{number}",
        < 24 => $"$ft{number - 8}",
        _ => $"$fs{number - 24}",
    };

    private static Dictionary<OperandKind, Dictionary<string, int>> BuildNumbers()
    {
        Dictionary<OperandKind, Dictionary<string, int>> all = [];
        for (OperandKind kind = OperandKind.Gpr; kind <= OperandKind.Xr; kind++)
        {
            int count = kind switch { OperandKind.Fcc => 8, OperandKind.Fcsr or OperandKind.Scr => 4, _ => 32 };
            Dictionary<string, int> names = all[kind] = [];
            for (int number = 0; number < count; number++)
            {
                names[Name(kind, number, numeric: true)] = number;
                names[Name(kind, number, numeric: false)] = number;
            }
        }

        all[OperandKind.Gpr]["$s9"] = 22;
        return all;
    }
}
