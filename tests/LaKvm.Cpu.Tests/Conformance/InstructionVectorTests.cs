using LaKvm.Cpu.Tests.Interpreter;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>The engine does with every recorded case what the oracle did.</summary>
public sealed class InstructionVectorTests
{
    private const int DifferencesShown = 5;

    public static TheoryData<string> Rows() => [.. VectorFiles.Lines.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Instruction_replayed_matches_the_oracle(string mnemonic)
    {
        using ConformanceMachine machine = new(EngineUnderTest.CreateForSingleInstructions);
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

        failures.Take(DifferencesShown).Should()
            .BeEmpty($"{failures.Count} of {lines.Count} cases of {mnemonic} differ");
    }
}
