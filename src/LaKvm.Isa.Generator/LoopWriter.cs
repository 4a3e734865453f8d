using System.Text;

namespace LaKvm.Isa.Generator;

/// <summary>
/// Writes the interpreter's loop: a case for each row whose semantic is in the table, and a few that name instructions
/// because the loop itself is what they are about (jumps, barriers).
/// </summary>
internal static class LoopWriter
{
    /// <summary>Actions that are no instruction. The first must be 0, what fresh memory is filled with.</summary>
    private static readonly (string Name, string Summary)[] Specials =
    [
        ("Decode", "The slot is to be decoded."),
        ("PageEnd", "Behind the last slot of a page."),
        ("Stop", "The budget ends before this slot."),
        ("Call", "Calls the handler."),
        ("CallFp", "Calls the handler if the FPU is enabled."),
        ("CallLsx", "Calls the handler if LSX is enabled."),
        ("CallLasx", "Calls the handler if LASX is enabled."),
        ("CallSettled", "Calls the handler with the instruction count settled."),
        ("CallPrivileged", "Calls the handler, settled, at privilege level 0 only."),
        ("Jirl", "jirl."),
        ("Barrier", "dbar."),
        ("Nothing", "preld, preldx."),
    ];

    private static readonly Dictionary<string, string> ActionOf = new()
    {
        ["jirl"] = "Jirl", ["dbar"] = "Barrier", ["preld"] = "Nothing", ["preldx"] = "Nothing",
    };

    private static readonly Dictionary<string, string> Operands = new()
    {
        ["rd"] = "r[i->D]", ["rj"] = "r[i->J]", ["rk"] = "r[i->K]", ["cj"] = "State(r)->Fcc[i->J & 7]",
        ["imm"] = "(ulong)i->Imm", ["n"] = "i->Imm", ["m"] = "i->A", ["pc"] = "bias + ((ulong)i >> 2)",
    };

    /// <summary>The actions, and which rows have which.</summary>
    public static string WriteActions(List<Row> rows)
    {
        List<Row> inLoop = rows.FindAll(row => row.Semantic != null);
        StringBuilder text = new(SourceWriter.Header);
        text.Append("using LaKvm.Isa;\n\nnamespace LaKvm.Interpreter;\n\n");
        text.Append(
            "/// <summary>What the interpreter's loop does with a slot.</summary>\n"
            + "internal enum SlotAction : ushort\n{\n");
        text.AppendJoin("\n", Specials.Select(
            special => $"    /// <summary>{special.Summary}</summary>\n    {special.Name},\n"));
        text.AppendJoin("", inLoop.Select(row => $"\n    /// <summary>{row.Mnemonic}.</summary>\n    {row.Name},\n"));
        text.AppendJoin("", inLoop.Where(IsDirect).Select(row =>
            $"\n    /// <summary>{row.Mnemonic} inside the page: Imm is in bytes of slots.</summary>\n"
            + $"    Near{row.Name},\n"));
        text.Append("}\n\n/// <summary>The actions of opcodes.</summary>\ninternal static class SlotActions\n{\n");
        WriteLists(text, rows);
        return text.Append("}\n").ToString();
    }

    private static void WriteLists(StringBuilder text, List<Row> rows)
    {
        List<string> numbers = Specials.Select(special => special.Name)
            .Concat(rows.Where(row => row.Semantic != null).Select(row => row.Name))
            .Concat(rows.Where(IsDirect).Select(row => "Near" + row.Name)).ToList();
        text.Append("    /// <summary>What is done with an instruction.</summary>\n");
        text.Append("    public static SlotAction Of(Opcode opcode) => (SlotAction)Actions[(int)opcode];\n\n");
        text.Append(
            "    /// <summary>What is done with a branch inside its page; Decode for other instructions.</summary>\n");
        text.Append("    public static SlotAction NearOf(Opcode opcode) => (SlotAction)NearActions[(int)opcode];\n");
        SourceWriter.Span(text, "byte", "Actions", 16,
            rows.Select(NameOf).Prepend("Call").Select(name => numbers.IndexOf(name)), "private");
        IEnumerable<string> near = rows.Select(row => IsDirect(row) ? "Near" + row.Name : "Decode");
        SourceWriter.Span(text, "byte", "NearActions", 16, near.Prepend("Decode").Select(name => numbers.IndexOf(name)),
            "private");
    }

    private static string NameOf(Row row) =>
        row.Semantic != null ? row.Name
        : ActionOf.TryGetValue(row.Mnemonic, out string? special) ? special
        : row.Flags.Contains("ExactCount") ? "CallSettled"
        : row.Flags.Contains("Privileged") ? "CallPrivileged"
        : row.Flags.Contains("Fp") ? "CallFp"
        : row.Flags.Contains("Lsx") ? "CallLsx"
        : row.Flags.Contains("Lasx") ? "CallLasx"
        : "Call";

    private static bool IsDirect(Row row) => row.Flow is "Branch" or "Jump" or "Call";

    /// <summary>The loop itself.</summary>
    public static string WriteLoop(List<Row> rows)
    {
        List<Row> inLoop = rows.FindAll(row => row.Semantic != null);
        StringBuilder text = new(SourceWriter.Header);
        text.Append(Head);
        foreach (Row row in inLoop.Where(row => !IsDirect(row)))
        {
            text.Append($"                case SlotAction.{row.Name}:\n");
            WriteCase(text, row);
        }

        foreach (Row row in inLoop.Where(IsDirect))
        {
            WriteBranch(text, row, "Near" + row.Name, "Near");
        }

        foreach (Row row in inLoop.Where(IsDirect))
        {
            WriteBranch(text, row, row.Name, "Far");
        }

        return text.Append(Tail).ToString();
    }

    private static void WriteCase(StringBuilder text, Row row)
    {
        Semantic semantic = row.Semantic!;
        string expression = semantic.Expand(Operands);
        if (semantic.Function.Length > 0)
        {
            text.Append($"                    r[i->D] = {expression};\n                    break;\n");
            return;
        }

        WriteFpCheck(text, row);
        string tag = row.Flags.Contains("Store") ? "WriteTag" : "ReadTag";
        int size = int.Parse(semantic.CellType[1..], System.Globalization.CultureInfo.InvariantCulture) / 8;
        string page = size == 1 ? "~0xFFFUL" : $"(~0xFFFUL | {size - 1})";
        text.Append($"                    va = {expression};\n");
        text.Append("                    entry = CpuState.TlbEntry(State(r), va);\n");
        text.Append($"                    if ((va & {page}) != entry->{tag})\n");
        text.Append("                    {\n                        goto default;\n                    }\n\n");
        text.Append($"                    {Access(row, semantic.CellType)}\n                    break;\n");
    }

    /// <summary>The access itself, once the software TLB has answered.</summary>
    private static string Access(Row row, string cellType)
    {
        string type = CellTypes.Of(cellType);
        string cell = $"*({type}*)(va + (ulong)entry->Addend)", vector = "*CpuState.Vector(State(r), i->D)";
        string narrow = type == "ulong" ? "" : $"({type})", wide = cellType[0] == 'i' ? "(ulong)" : "";
        return (row.Flags.Contains("Store"), cellType) switch
        {
            (true, "f32" or "f64") => $"{cell} = {narrow}{vector};",
            (true, _) => $"{cell} = {narrow}r[i->D];",
            (false, "f32") => $"{vector} = Fp32.Box({cell});",
            (false, "f64") => $"{vector} = {cell};",
            _ => $"r[i->D] = {wide}{cell};",
        };
    }

    private static void WriteBranch(StringBuilder text, Row row, string action, string label)
    {
        text.Append($"                case SlotAction.{action}:\n");
        WriteFpCheck(text, row);
        if (row.Flow == "Call")
        {
            text.Append("                    r[1] = bias + ((ulong)(i + 1) >> 2);\n");
        }

        if (row.Flow != "Branch")
        {
            text.Append($"                    goto {label};\n");
            return;
        }

        text.Append($"                    if ({row.Semantic!.Expand(Operands)})\n");
        text.Append(
            $"                    {{\n                        goto {label};\n                    }}\n\n"
            + "                    break;\n");
    }

    private static void WriteFpCheck(StringBuilder text, Row row)
    {
        if (row.Flags.Contains("Fp"))
        {
            text.Append("                    if ((State(r)->Units & FpBit) == 0)\n");
            text.Append(
                "                    {\n                        goto case SlotAction.CallFp;\n"
                + "                    }\n\n");
        }
    }

    private const string Head = """
using System.Runtime.CompilerServices;
using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Cpu.BitManipulation;
using static LaKvm.Cpu.CrcArithmetic;
using static LaKvm.Cpu.IntegerArithmetic;

namespace LaKvm.Interpreter;

public sealed unsafe partial class InterpreterEngine
{
    /// <summary>
    /// Executes from <c>_next</c> until something needs the run call: an exception or request (returned, the state of
    /// the instruction in place), or <see cref="Trap.None"/> when the budget or the core wants attention. What is here
    /// and not in a handler is here for speed; every unusual case of it still ends in the handler.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Trap Execute()
    {
        // The one pointer to the state: the registers are at its start.
        ulong* r = (ulong*)_state;
        CodeSlot* i = _next;
        CodeSlot* end = _end;
        byte* deadline = _deadline;
        ulong bias = _bias;
        ulong va;
        nint left;
        CodeSlot* target;
        SoftTlbEntry* entry;
        Trap trap;

        while (true)
        {
            switch (i->Action)
            {

""";

    private const string Tail = """
                case SlotAction.Jirl:
                    va = r[i->J] + (ulong)i->Imm;
                    r[i->D] = bias + ((ulong)(i + 1) >> 2);
                    i++;
                    left = (nint)(bias + ((ulong)end >> 2) - va);
                    if ((nuint)(left - 4) > 4092 || (left & 3) != 0)
                    {
                        goto Jump;
                    }

                    target = (CodeSlot*)((byte*)end - (left << 2));
                    goto Move;
                case SlotAction.Barrier:
                    Interlocked.MemoryBarrier();
                    break;
                case SlotAction.Nothing:
                    break;
                case SlotAction.Decode:
                    DecodeSlot(i);
                    continue;
                case SlotAction.PageEnd:
                    va = bias + ((ulong)i >> 2);
                    goto Jump;
                case SlotAction.Stop:
                    goto Leave;
                case SlotAction.CallFp:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        trap = Trap.Fpd;
                        goto Trapped;
                    }

                    goto default;
                case SlotAction.CallLsx:
                    if ((State(r)->Units & LsxBit) == 0)
                    {
                        trap = Trap.Sxd;
                        goto Trapped;
                    }

                    goto default;
                case SlotAction.CallLasx:
                    if ((State(r)->Units & LasxBit) == 0)
                    {
                        trap = Trap.Asxd;
                        goto Trapped;
                    }

                    goto default;
                case SlotAction.CallPrivileged:
                    if (State(r)->Restricted != 0)
                    {
                        trap = Core.RestrictedTrap(State(r), (Instruction*)i);
                        if (trap != Trap.None)
                        {
                            goto Trapped;
                        }
                    }

                    goto case SlotAction.CallSettled;
                case SlotAction.CallSettled:
                    Settle((deadline - (byte*)i) >> CodeSlot.SizeShift);
                    goto default;
                default:
                    State(r)->Pc = bias + ((ulong)i >> 2);
                    trap = _handlers[(int)i->Opcode](_core, State(r), (Instruction*)i);
                    if (trap != Trap.None)
                    {
                        goto Returned;
                    }

                    break;
            }

            i++;
            continue;

        Near:
            target = (CodeSlot*)((byte*)i + i->Imm);
            i++;

        Move:
            // To target in this page, with i behind the last instruction executed.
            deadline += (byte*)target - (byte*)i;
            i = target;
            if (deadline >= (byte*)end && Volatile.Read(ref State(r)->Attention) == 0)
            {
                continue;
            }

            goto Leave;

        Far:
            va = bias + ((ulong)i >> 2) + (ulong)i->Imm;
            i++;

        Jump:
            // To va, with i behind the last instruction executed.
            left = (nint)(deadline - (byte*)i);
            if (left == 0 || EnterPage(va) != Trap.None)
            {
                // The run call looks at the target, if it still has budget, and finds the same exception.
                State(r)->Pc = va;
                Settle(left >> CodeSlot.SizeShift);
                return Trap.None;
            }

            i = _next;
            end = _end;
            bias = _bias;
            deadline = (byte*)i + left;
            if (deadline >= (byte*)end && Volatile.Read(ref State(r)->Attention) == 0)
            {
                continue;
            }

        Leave:
            State(r)->Pc = bias + ((ulong)i >> 2);
            Settle((deadline - (byte*)i) >> CodeSlot.SizeShift);
            return Trap.None;

        Trapped:
            State(r)->Pc = bias + ((ulong)i >> 2);

        Returned:
            // The instruction counts, whether it asks for something or failed.
            _word = i->Word;
            i++;
            Settle((deadline - (byte*)i) >> CodeSlot.SizeShift);
            return trap;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static CpuState* State(ulong* registers) => (CpuState*)registers;
}

""";
}
