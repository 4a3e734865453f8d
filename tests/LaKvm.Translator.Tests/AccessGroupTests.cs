using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Interpreter;

namespace LaKvm.Translator.Tests;

/// <summary>Accesses near each other, which one look into the software TLB answers for.</summary>
public sealed unsafe class AccessGroupTests
{
    private const ulong Source = 0x30_0000, Target = 0x31_0000;

    private const string Program = """
            xvld    $xr1, $s0, 0
            xvst    $xr1, $s1, 0
            ld.d    $a1, $s0, 32
            st.d    $a1, $s1, 32
            vld     $vr2, $s0, 48
            st.d    $a1, $s1, 40
            ld.d    $a2, $s0, 48
        end:
            b       end
        """;

    /// <summary>A host that lacks vectors leaves their accesses to handlers, which look for themselves only.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void Accesses_behind_one_that_a_handler_does_go_to_their_own_place(bool sse41, bool avx2)
    {
        using var machine = new TestMachine(createEngine: core => new TranslatorEngine(core, new()
        {
            WarmCount = 0,
            Features = new(sse41, avx2, Fma: false, Bmi2: false, Crc: false),
        }));
        var labels = machine.Load(Program);
        machine.State->Units = 7;
        (machine[23], machine[24]) = (Source, Target);
        (machine.Cell(Source + 32), machine.Cell(Source + 48)) = (7, 9);
        fixed (byte* ram = machine.Memory.Span(0, 1))
        {
            // What blocks before have left: places that are not these accesses'.
            new Span<ulong>(machine.State->Access, 8).Fill((ulong)ram + 0x2_0000);
        }

        machine.Engine.Run(12).Should().Be(RunExit.Budget);

        machine.State->Pc.Should().Be(labels["end"]);
        (machine[5], machine[6]).Should().Be((7UL, 9UL));
        (machine.Cell(Target + 32), machine.Cell(Target + 40)).Should().Be((7UL, 7UL));
    }
}
