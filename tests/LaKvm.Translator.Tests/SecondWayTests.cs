using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Interpreter;

namespace LaKvm.Translator.Tests;

/// <summary>Pages that have one place in the software TLB.</summary>
public sealed class SecondWayTests
{
    private const int Turns = 500;

    /// <summary>What has one place is this far away from each other.</summary>
    private const ulong Distance = CpuState.SoftTlbEntries * 4096UL;

    /// <summary>Single accesses, groups of loads, of stores and of both, and calls, of two pages in turns.</summary>
    private const string Program = """
        again:
            ld.d    $a0, $s0, 0
            ld.d    $a1, $s1, 0
            add.d   $a0, $a0, $a1
            st.d    $a0, $s1, 0
            st.d    $a0, $s0, 8
            move    $s2, $s1
            ld.d    $a1, $s2, 16
            ld.d    $a2, $s2, 24
            move    $s3, $s0
            ld.d    $a3, $s3, 16
            ld.d    $a4, $s3, 24
            move    $s4, $s1
            st.d    $a3, $s4, 32
            st.d    $a4, $s4, 24
            move    $s5, $s0
            ld.d    $t1, $s5, 16
            addi.d  $t1, $t1, 3
            st.d    $t1, $s5, 24
            move    $s6, $s1
            st.d    $t1, $s6, 16
            ld.w    $t2, $s6, 36
            st.w    $t2, $s5, 20
            jirl    $ra, $s7, 0
            jirl    $ra, $s8, 0
            addi.d  $t0, $t0, -1
            bnez    $t0, again
        end:
            b       end
        """;

    [Fact]
    public void Pages_that_share_a_place_cost_no_handlers_and_compute_the_same()
    {
        using var machine = new TestMachine(createEngine: core => new TranslatorEngine(core, new() { WarmCount = 0 }));
        using var reference = new TestMachine(createEngine: core => new LaKvm.Interpreter.InterpreterEngine(core));
        Run(machine);
        Run(reference);
        for (int register = 1; register < 32; register++)
        {
            machine[register].Should().Be(reference[register], $"of r{register}");
        }

        for (ulong place = 0x30_0000; place < 0x30_0040; place += 8)
        {
            machine.Cell(place).Should().Be(reference.Cell(place));
            machine.Cell(place + Distance).Should().Be(reference.Cell(place + Distance));
        }

        machine[4].Should().NotBe(0);
        ((TranslatorEngine)machine.Engine).HandlerCalls.Should().BeLessThan(Turns / 4);
    }

    private static unsafe ulong PcOf(TestMachine machine) => machine.State->Pc;

    private static void Run(TestMachine machine)
    {
        machine.Memory.Add(Distance, TestMachine.RamSize);
        var labels = machine.Load(Program);
        machine.Load("addi.d $a5, $a5, 1\njirl $zero, $ra, 0", 0x31_0000);
        machine.Load("addi.d $a5, $a5, 2\njirl $zero, $ra, 0", 0x31_0000 + Distance);
        machine.Cell(0x30_0000) = 7;
        machine.Cell(0x30_0010) = 5;
        machine[12] = Turns;
        (machine[23], machine[24]) = (0x30_0000, 0x30_0000 + Distance);
        (machine[30], machine[31]) = (0x31_0000, 0x31_0000 + Distance);
        machine.Engine.Run(Turns * 40).Should().Be(RunExit.Budget);
        PcOf(machine).Should().Be(labels["end"]);
    }
}
