using System.Text;

namespace LaKvm.Isa.Generator;

/// <summary>
/// Writes what the CPU needs of the rows whose semantic is in the table: handlers, and constant folding.
/// </summary>
internal static class HandlerWriter
{
    private static readonly Dictionary<string, string> Operands = new()
    {
        ["rd"] = "D(s, i)", ["rj"] = "J(s, i)", ["rk"] = "K(s, i)", ["cj"] = "s->Fcc[i->J & 7]",
        ["imm"] = "(ulong)i->Imm", ["n"] = "i->Imm", ["m"] = "i->A", ["pc"] = "s->Pc",
    };

    private static readonly Dictionary<string, string> Known = new()
    {
        ["rd"] = "registers[i.D]", ["rj"] = "registers[i.J]", ["rk"] = "registers[i.K]",
        ["imm"] = "(ulong)i.Imm", ["n"] = "i.Imm", ["m"] = "i.A",
    };

    /// <summary>One handler for each row with a semantic.</summary>
    public static string WriteHandlers(List<Row> rows)
    {
        List<Row> simple = rows.FindAll(row => row.Semantic != null && row.Flow != "Call");
        StringBuilder text = new(SourceWriter.Header);
        text.Append(
            "using LaKvm.Isa;\nusing static LaKvm.Cpu.BitManipulation;\nusing static LaKvm.Cpu.BranchInstructions;\n");
        text.Append("using static LaKvm.Cpu.CrcArithmetic;\nusing static LaKvm.Cpu.FpMemoryInstructions;\n");
        text.Append("using static LaKvm.Cpu.IntegerArithmetic;\nusing static LaKvm.Cpu.IntegerMemory;\n");
        text.Append("using static LaKvm.Cpu.Operands;\n\nnamespace LaKvm.Cpu;\n\n");
        text.Append("/// <summary>The handlers of the rows whose semantic is in the instruction table.</summary>\n");
        text.Append(
            "internal static unsafe class TableRows\n{\n    public static void Register(HandlerTable t)\n    {\n");
        text.AppendJoin("", simple.Select(row => $"        t[Opcode.{row.Name}] = &On{row.Name};\n")).Append("    }\n");
        foreach (Row row in simple)
        {
            text.Append(
                $"\n    private static Trap On{row.Name}(Core core, CpuState* s, Instruction* i) =>\n"
                + $"        {Body(row)};\n");
        }

        return text.Append("}\n").ToString();
    }

    private static string Body(Row row)
    {
        Semantic semantic = row.Semantic!;
        string expression = semantic.Expand(Operands);
        return semantic switch
        {
            { CellType.Length: > 0 } => $"{Method(row, semantic.CellType)}(core, s, i, {expression})",
            { Condition.Length: > 0 } => $"Branch(s, i, {expression})",
            _ => $"Write(s, i, {expression})",
        };
    }

    private static string Method(Row row, string cellType) => (row.Flags.Contains("Store"), cellType) switch
    {
        (false, "f32") => "LoadSingle",
        (false, "f64") => "LoadDouble",
        (true, "f32") => "StoreSingle",
        (true, "f64") => "StoreDouble",
        (true, _) => $"Store<{CellTypes.Of(cellType)}>",
        _ => $"Load{char.ToUpperInvariant(cellType[0])}{cellType[1..]}",
    };

    /// <summary>The values that integer rows give when what they read is known.</summary>
    public static string WriteFolding(List<Row> rows)
    {
        StringBuilder text = new(SourceWriter.Header);
        text.Append(
            "using LaKvm.Isa;\nusing static LaKvm.Cpu.BitManipulation;\nusing static LaKvm.Cpu.CrcArithmetic;\n");
        text.Append("using static LaKvm.Cpu.IntegerArithmetic;\n\nnamespace LaKvm.Cpu;\n\n");
        text.Append("/// <summary>Computes integer instructions on known values.</summary>\n");
        text.Append("public static class ConstantFolding\n{\n");
        text.Append(
            "    /// <summary>\n    /// What <paramref name=\"i\"/> gives rd, or null: "
            + "it computes no integer, or reads a register of which\n");
        text.Append(
            "    /// <paramref name=\"known\"/> (a bit each) does not say that its value is in "
            + "<paramref name=\"registers\"/>.\n    /// </summary>\n");
        text.Append(
            "    public static ulong? Fold(in Instruction i, uint known, ReadOnlySpan<ulong> registers)\n    {\n");
        text.Append(
            "        bool j = (known >> i.J & 1) != 0, k = (known >> i.K & 1) != 0, d = (known >> i.D & 1) != 0;\n");
        text.Append("        return i.Opcode switch\n        {\n");
        foreach (Row row in rows.Where(
            row => row.Semantic is { Function.Length: > 0 } semantic && !semantic.Arguments.Contains("pc")))
        {
            string[] reads = row.Semantic!.Arguments.Where(name => name is "rd" or "rj" or "rk")
                .Select(name => name[1..]).ToArray();
            string when = reads.Length == 0 ? "" : $" when {string.Join(" && ", reads)}";
            text.Append($"            Opcode.{row.Name}{when} => {row.Semantic!.Expand(Known)},\n");
        }

        return text.Append("            _ => null,\n        };\n    }\n}\n").ToString();
    }
}
