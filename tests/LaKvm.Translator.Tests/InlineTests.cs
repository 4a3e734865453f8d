using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Conformance;
using LaKvm.Isa;

namespace LaKvm.Translator.Tests;

/// <summary>Which instructions machine code does by itself, so that their recorded cases go through it.</summary>
public sealed class InlineTests
{
    private static readonly HostFeatures Old = new(Sse41: true, Avx2: false, Fma: false, Bmi2: false, Crc: true);

    private static readonly HostFeatures None = new(Sse41: false, Avx2: false, Fma: false, Bmi2: false, Crc: false);

    private static readonly Dictionary<string, Unit> UnitOf = Enumerable.Range(1, OpcodeTable.Count - 1)
        .Select(row => ((Opcode)row).Info()).ToDictionary(info => info.Mnemonic, info => info.Unit);

    public static TheoryData<string> FloatingRows() => [.. VectorFiles.Lines.Keys.Where(row => UnitOf[row] == Unit.Fp)];

    /// <summary>
    /// HandlerRows.txt names all others: whoever translates one of them, or no longer does, sees it there.
    /// </summary>
    [Fact]
    public void Recorded_row_is_done_by_machine_code_unless_it_is_listed()
    {
        string[] listed = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "HandlerRows.txt"))
            .Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        HostFeatures features = HostFeatures.Detect();
        string[] handled = [.. VectorFiles.Lines.Keys.Where(row => !IsEverInline(row, features))];
        if (features == new HostFeatures(Sse41: true, Avx2: true, Fma: true, Bmi2: true, Crc: true))
        {
            handled.Should().BeEquivalentTo(listed);
        }
        else
        {
            handled.Should().Contain(listed);
        }
    }

    /// <summary>The encodings without VEX.</summary>
    [Theory]
    [MemberData(nameof(FloatingRows))]
    public void Floating_point_row_without_avx_matches_the_oracle(string mnemonic) => Replay(mnemonic, Old);

    [Theory]
    [InlineData("crc.w.b.w")]
    [InlineData("crc.w.d.w")]
    [InlineData("crcc.w.d.w")]
    public void Checksum_without_avx_matches_the_oracle(string mnemonic)
    {
        Replay(mnemonic, Old);
        IsEverInline(mnemonic, Old).Should().BeTrue();
        Replay(mnemonic, None);
    }

    [Theory]
    [InlineData("fadd.d")]
    [InlineData("fmadd.s")]
    [InlineData("vadd.b")]
    [InlineData("xvfadd.s")]
    public void Row_without_anything_of_the_host_matches_the_oracle(string mnemonic)
    {
        Replay(mnemonic, None);
        IsEverInline(mnemonic, None).Should().BeFalse();
    }

    [Theory]
    [InlineData("fadd.d", true)]
    [InlineData("fmadd.d", false)]
    [InlineData("vadd.b", false)]
    public void Old_host_does_scalars_only(string mnemonic, bool isInline) =>
        IsEverInline(mnemonic, Old).Should().Be(isInline);

    private static void Replay(string mnemonic, HostFeatures features)
    {
        using ConformanceMachine machine = Create(features);
        foreach (string line in VectorFiles.Lines[mnemonic])
        {
            machine.Run(Deviations.Apply(mnemonic, new VectorCase(line))).Should().BeNull($"{mnemonic}: {line}");
        }
    }

    /// <summary>Whether some case needs no handler and no interpreter.</summary>
    private static bool IsEverInline(string mnemonic, HostFeatures features)
    {
        using ConformanceMachine machine = Create(features);
        var engine = (TranslatorEngine)machine.Engine;
        foreach (string line in VectorFiles.Lines[mnemonic])
        {
            long before = engine.HandlerCalls;
            VectorCase vector = Deviations.Apply(mnemonic, new VectorCase(line));
            machine.Run(vector);

            // What reads r0 alone is a constant, which says nothing about the row.
            Instruction instruction = Decoder.Decode(vector.Code[0]);
            bool isConstant = instruction.Opcode.Info().GprReads != 0
                && ConstantFolding.Fold(instruction, known: 1, new ulong[32]) != null;
            if (!isConstant && engine.HandlerCalls == before)
            {
                return true;
            }
        }

        return false;
    }

    private static ConformanceMachine Create(HostFeatures features) =>
        new(core => new TranslatorEngine(
        core, new() { WarmCount = 0, MaximumBlock = 1, ArenaBytes = 1 << 20, Features = features }));
}
