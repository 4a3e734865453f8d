using System.Globalization;
using System.Text;
using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// Describes a stretch that two engines executed differently: the guest's code as it was executed up to where the
/// results differ first, the code that was made of it, and the registers before.
/// </summary>
internal static unsafe class DifferenceReport
{
    /// <summary>Instructions that are listed.</summary>
    private const int Listed = 64;

    public static string Write(
        Core core, Rehearsal rehearsal, IExecutionEngine reference, IExecutionEngine @checked, long length,
        IReadOnlyList<string> differences)
    {
        long first = FindFirst(rehearsal, reference, @checked, length, ref differences);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"The engines differ after {first} instructions from {rehearsal.Before->Pc:x}:");
        foreach (string difference in differences)
        {
            text.Append("  ").AppendLine(difference);
        }

        rehearsal.Restart();
        ulong block = AppendTrace(text, core, reference, first);
        AppendCode(text, core, @checked, block);
        text.AppendLine("registers at the beginning:");
        for (int n = 0; n < 32; n++)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  r{n,-2} {rehearsal.Before->Gpr[n]:x16}{(n % 4 == 3 ? "\n" : "")}");
        }

        return text.ToString();
    }

    /// <summary>The shortest part of the stretch that differs already.</summary>
    private static long FindFirst(
        Rehearsal rehearsal, IExecutionEngine reference, IExecutionEngine @checked, long length,
        ref IReadOnlyList<string> differences)
    {
        long same = 0, different = length;
        while (different - same > 1)
        {
            long middle = (same + different) / 2;
            rehearsal.Restart();
            _ = reference.Run(middle);
            if (!rehearsal.Rewind())
            {
                break;
            }

            _ = @checked.Run(middle);
            IReadOnlyList<string> found = rehearsal.Differences();
            (same, different) = found.Count == 0 ? (middle, different) : (same, middle);
            differences = found.Count == 0 ? differences : found;
        }

        return different;
    }

    /// <summary>Lists the last instructions; returns where the last block that was come to by a jump begins.</summary>
    private static ulong AppendTrace(StringBuilder text, Core core, IExecutionEngine reference, long count)
    {
        text.AppendLine("guest code, as executed:");
        ulong block = core.State->Pc, expected = block;
        for (long n = 0; n < count; n++)
        {
            ulong pc = core.State->Pc;
            block = pc == expected ? block : pc;
            expected = pc + 4;
            if (n >= count - Listed)
            {
                string code = core.TranslateFetch(pc, out byte* pointer, out _) == Trap.None && pointer != null
                    ? Disassembler.Format(*(uint*)pointer)
                    : "?";
                text.AppendLine(CultureInfo.InvariantCulture, $"  {pc:x}: {code}");
            }

            _ = reference.Run(1);
        }

        return block;
    }

    private static void AppendCode(StringBuilder text, Core core, IExecutionEngine @checked, ulong block)
    {
        core.SoftTlbs.Use(recording: false);
        core.Modes.UseTable();
        if (@checked is ICodeListing listing && listing.CodeAt(block) is { IsEmpty: false } code)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"code made for {block:x}:");
            text.AppendLine("  " + Convert.ToHexStringLower(code));
        }
    }
}
