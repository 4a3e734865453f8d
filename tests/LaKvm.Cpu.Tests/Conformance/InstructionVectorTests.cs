using LaKvm.Interpreter;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>Every engine does with every recorded case what the oracle did.</summary>
public sealed class InstructionVectorTests
{
    private const int DifferencesShown = 5;

    private static readonly Dictionary<string, Func<Core, IExecutionEngine>> Engines = new()
    {
        ["interpreter"] = core => new InterpreterEngine(core),
    };

    public static TheoryData<string, string> Rows()
    {
        TheoryData<string, string> rows = [];
        foreach (string engine in Engines.Keys)
        {
            foreach (string mnemonic in VectorFiles.Lines.Keys)
            {
                rows.Add(engine, mnemonic);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Instruction_replayed_matches_the_oracle(string engine, string mnemonic)
    {
        using ConformanceMachine machine = new(Engines[engine]);
        IReadOnlyList<string> lines = VectorFiles.Lines[mnemonic];
        List<string> failures = [];
        foreach (string line in lines)
        {
            VectorCase vector = Deviations.Apply(mnemonic, new VectorCase(line));
            if (machine.Run(vector) is string difference)
            {
                failures.Add($"{line}\n    {difference}");
            }
        }

        failures.Take(DifferencesShown).Should().BeEmpty($"{failures.Count} of {lines.Count} cases of {mnemonic} differ");
    }
}
