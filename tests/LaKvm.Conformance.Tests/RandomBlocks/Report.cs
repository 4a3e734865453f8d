using System.Globalization;
using System.Text;
using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Describes a finding: the block, what it starts from, and what differs.</summary>
internal static unsafe class Report
{
    public static string Write(Finding finding)
    {
        var text = new StringBuilder();
        Block block = finding.Block;
        text.Append(CultureInfo.InvariantCulture,
            $"{finding.Engine} differs, seed {block.Seed:x}, window at {block.WindowBase:x}\n");
        for (int n = 0; n < block.Code.Count; n++)
        {
            string instruction = Disassembler.Format(
                block.Code[n], DisassemblyStyle.NumericRegisters | DisassemblyStyle.NoAliases);
            text.Append(CultureInfo.InvariantCulture,
                $"{block.Address + ((ulong)n * 4):x}: {block.Code[n]:x8}  {instruction}\n");
        }

        WriteRegisters(text, block, finding);
        return text.Append(finding.Memory).ToString();
    }

    /// <summary>The words of a data window that differ.</summary>
    public static string Memory(Block block, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        var text = new StringBuilder();
        for (int at = 0; at < actual.Length; at += 8)
        {
            ulong a = BitConverter.ToUInt64(actual[at..]), b = BitConverter.ToUInt64(expected[at..]);
            if (a != b)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"memory {block.WindowBase + (ulong)at:x}: {block.Data[at / 8]:x16} -> {a:x16}, should be "
                    + $"{b:x16}\n");
            }
        }

        return text.ToString();
    }

    private static void WriteRegisters(StringBuilder text, Block block, Finding finding)
    {
        fixed (MachineState* before = &block.Start)
        {
            MachineState actual = finding.Actual, expected = finding.Expected;
            Line(text, "signal", 0, (uint)actual.Signal, (uint)expected.Signal);
            Line(text, "pc", before->Pc, actual.Signal == 0 ? 0 : actual.Pc, expected.Signal == 0 ? 0 : expected.Pc);
            Line(text, "address", 0, actual.Address, expected.Signal == 0 ? 0 : expected.Address);
            Line(text, "fcsr", before->Fcsr, actual.Fcsr, expected.Fcsr);
            Line(text, "fcc", before->Fcc, actual.Fcc, expected.Fcc);
            for (int n = 1; n < 32; n++)
            {
                if (IsNamed(block, OperandKind.Gpr, n) || actual.Gpr[n] != expected.Gpr[n])
                {
                    Line(text, $"r{n}", before->Gpr[n], actual.Gpr[n], expected.Gpr[n]);
                }
            }

            for (int n = 0; n < 32; n++)
            {
                WriteVector(text, block, n, before->Vr + (4 * n), actual.Vr + (4 * n), expected.Vr + (4 * n));
            }
        }
    }

    private static void WriteVector(
        StringBuilder text, Block block, int n, ulong* before, ulong* actual, ulong* expected)
    {
        bool differs = !new Span<ulong>(actual, 4).SequenceEqual(new Span<ulong>(expected, 4));
        if (!differs && !IsNamed(block, OperandKind.Fpr, n))
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"v{n}: {Hex(before)} -> {Hex(actual)}");
        text.Append(differs ? $", should be {Hex(expected)}\n" : "\n");
    }

    private static string Hex(ulong* words) => $"{words[3]:x16}_{words[2]:x16}_{words[1]:x16}_{words[0]:x16}";

    private static void Line(StringBuilder text, string name, ulong before, ulong actual, ulong expected) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}: {before:x} -> {actual:x}")
            .Append(actual == expected ? "\n" : $", should be {expected:x}\n");

    /// <summary>Whether the code names a register; vector and floating-point registers are the same.</summary>
    private static bool IsNamed(Block block, OperandKind kind, int number)
    {
        foreach (uint word in block.Code)
        {
            OpcodeInfo info = Isa.Decoder.Find(word).Info();
            for (int n = 0; n < info.OperandCount; n++)
            {
                Operand operand = info.OperandAt(n);
                OperandKind found = operand.Kind is OperandKind.Vr or OperandKind.Xr ? OperandKind.Fpr : operand.Kind;
                if (found == kind && operand.Extract(word) == number)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
