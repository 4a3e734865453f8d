using System.Runtime.CompilerServices;
using System.Text;
using LaKvm.Isa;
using Decoder = LaKvm.Isa.Decoder;

namespace LaKvm.Translator.Tests.Code;

/// <summary>
/// The host instructions that translations have, against the tables beside this file: whoever makes a row or a loop
/// dearer or cheaper sees by how much, and for which others too.
/// </summary>
public sealed class InstructionCountTests
{
    /// <summary>Set, it has the tables written anew instead of compared.</summary>
    private const string Update = "LAKVM_UPDATE_TABLES";

    /// <summary>
    /// Operand fields at bits 0, 5, 10 and 15: registers that live in host registers, and others that live in memory.
    /// </summary>
    private const uint InHostRegisters = 4 | (5 << 5) | (6 << 10) | (28 << 15),
        InMemory = 8 | (9 << 5) | (10 << 10) | (28 << 15);

    [Fact]
    public void Rows_have_as_many_host_instructions_as_the_table_says()
    {
        using var bench = new CodeBench();
        HostCode frame = bench.Translate("nop");
        var table = new StringBuilder();
        for (int row = 1; row < OpcodeTable.Count; row++)
        {
            OpcodeInfo info = ((Opcode)row).Info();
            string counts = $"{CountsOf(bench, info, InHostRegisters, frame)} {CountsOf(bench, info, InMemory, frame)}";
            table.Append($"{info.Mnemonic,-16} {counts}\n");
        }

        Compare("Rows.txt", table.ToString());
    }

    [Fact]
    public void Programs_have_as_many_host_instructions_as_the_table_says()
    {
        using var bench = new CodeBench();
        var table = new StringBuilder();
        foreach ((string name, string assembly) in SamplePrograms.All)
        {
            HostCode code = bench.Translate(assembly);
            table.Append($"{name,-24} {code.Guest,3} {code.Hot,4} {code.Cold,4}\n");
        }

        Compare("Programs.txt", table.ToString());
    }

    /// <summary>Hot and cold instructions of one row, without those that every region has around it.</summary>
    private static string CountsOf(CodeBench bench, OpcodeInfo info, uint operands, in HostCode frame)
    {
        uint word = info.Word | (operands & ~info.Mask);
        if (Decoder.Decode(word).Opcode != info.Opcode)
        {
            return "-";
        }

        HostCode code = bench.Translate([word]) - frame;
        return $"{code.Hot}/{code.Cold}";
    }

    private static void Compare(string name, string actual, [CallerFilePath] string here = "")
    {
        if (HostFeatures.Detect() != CodeBench.AllFeatures)
        {
            // Bits are counted with what this computer has.
            return;
        }

        if (Environment.GetEnvironmentVariable(Update) != null)
        {
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(here)!, name), actual);
            return;
        }

        string[] expected = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Code", name));
        string[] lines = actual.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string difference = string.Join('\n', expected.Except(lines).Select(line => "- " + line)
            .Concat(lines.Except(expected).Select(line => "+ " + line)));
        difference.Should().BeEmpty($"{name} says so; if the change is meant, {Update}=1 has the table written anew");
        lines.Should().Equal(expected);
    }
}
