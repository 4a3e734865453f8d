using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Conformance;
using LaKvm.Cpu.Tests.Interpreter;
using LaKvm.Interpreter;

namespace LaKvm.Translator.Tests;

/// <summary>--engine check: finds differences between engines, and only those.</summary>
public sealed unsafe class CheckingEngineTests
{
    [Fact]
    public void Random_programs_are_compared_without_a_difference() => CheckRandomPrograms(seeds: 6, stretches: 20);

    [Fact]
    [Trait("Category", "Slow")]
    public void Many_random_programs_are_compared_without_a_difference() =>
        CheckRandomPrograms(seeds: 60, stretches: 100);

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(InstructionVectorTests.Rows), MemberType = typeof(InstructionVectorTests))]
    public void Recorded_vector_is_executed_alike(string mnemonic)
    {
        using ConformanceMachine machine = new(core => Check(core, new() { WarmCount = 0, MaximumBlock = 1 }));
        foreach (string line in VectorFiles.Lines[mnemonic])
        {
            // A difference between the engines throws; what the oracle says is another test's.
            machine.Run(Deviations.Apply(mnemonic, new VectorCase(line))).Should().BeNull();
        }
    }

    [Fact]
    public void Wrong_register_is_reported_with_the_code_that_was_executed()
    {
        using var machine = new TestMachine(createEngine: core =>
            new CheckingEngine(core, new CheckingTurns(), reference => new InterpreterEngine(reference),
            subject => new Miscounting(subject)));
        machine.Load("li.w $t0, 5\n1: addi.d $t1, $t1, 3\nxor $t2, $t1, $t0\nb 1b\n");

        string report = machine.Invoking(m => m.Engine.Run(10_000)).Should()
            .Throw<EngineDifferenceException>().Which.Message;

        report.Should().Contain("r14:").And.Contain("xor\t$t2, $t1, $t0").And.Contain("registers at the beginning");
    }

    [Fact]
    public void Device_is_read_once_and_memory_is_left_as_it_should_be()
    {
        using var machine = new TestMachine(createEngine: core => Check(core, new() { WarmCount = 0 }));
        int reads = 0;
        machine.DeviceRead = () => reads++;
        machine.Load(
            "lu12i.w $t0, 0x10000\nli.w $t1, 0x300\n1: st.d $t1, $t1, 0\nst.b $t2, $t1, 3\naddi.d $t2, $t2, 1\n"
            + "ld.w $t3, $t0, 0\nb 1b\n");

        machine.Run(2 + (5 * 100));

        reads.Should().Be(100);
        machine.Cell(0x300).Should().Be(0x6300_0300);
    }

    [Fact]
    public void Breakpoints_and_watchpoints_end_runs_of_both_engines_alike()
    {
        using var machine = new TestMachine(createEngine: core => Check(core, new() { WarmCount = 0 }));
        ulong at = machine.Load("1: addi.d $t2, $t2, 1\nst.d $t2, $zero, 0x300\nat: addi.d $t3, $t3, 1\nb 1b\n")["at"];
        machine.Run(10_000);
        for (int round = 0; round < 100; round++)
        {
            machine.Core.Debug.SetStopPoints([new(StopPointKind.Execute, at, 4, InGuest: false)]);
            machine.Engine.Run(100).Should().Be(RunExit.Breakpoint);
            machine.State->Pc.Should().Be(at);
            machine.Core.Debug.SetStopPoints([new(StopPointKind.Write, 0x300, 4, InGuest: false)]);
            machine.Engine.Run(100).Should().Be(RunExit.Watchpoint);
            machine.State->Pc.Should().Be(at - 4);
        }

        machine[14].Should().Be(2601);
    }

    [Fact]
    public void Interrupt_of_another_thread_is_not_lost()
    {
        using var machine = new TestMachine(createEngine: core => Check(core, new() { WarmCount = 0 }));
        machine.Load("1: addi.d $t1, $t1, 1\nb 1b\n");
        machine.Load("1: b 1b\n", TestMachine.Vector);
        machine.WriteCsr(Csr.Ecfg, 1 << 12);
        machine.WriteCsr(Csr.Crmd, 1 << 2 | 1 << 3);
        var interrupt = new Thread(() => machine.Core.SetInterruptLine(12, true));
        interrupt.Start();

        for (int n = 0; n < 100_000 && machine.State->Pc != TestMachine.Vector; n++)
        {
            machine.Run(1_000);
        }

        interrupt.Join();
        machine.State->Pc.Should().Be(TestMachine.Vector);
    }

    private static CheckingEngine Check(Core core, TranslatorOptions options) =>
        new(core, new CheckingTurns(), reference => new InterpreterEngine(reference),
        subject => new TranslatorEngine(subject, options));

    private static void CheckRandomPrograms(int seeds, int stretches)
    {
        ulong compared = 0, notCompared = 0;
        for (int seed = 1; seed <= seeds; seed++)
        {
            using var machine = new TestMachine(createEngine: core => Check(core, new() { WarmCount = seed % 4 }));
            new RandomProgram(seed).Load(machine);
            var random = new Random(seed);
            for (int n = 0; n < stretches; n++)
            {
                machine.State->Pc = RandomProgram.AnyAddress(random);
                machine.Run(1_000);
            }

            var engine = (CheckingEngine)machine.Engine;
            compared += engine.Compared;
            notCompared += engine.NotCompared;
        }

        (compared + notCompared).Should().Be((ulong)(seeds * stretches * 1_000));
        compared.Should().BeGreaterThan(notCompared);
    }

    /// <summary>An engine that leaves a wrong value behind once a program has come far enough.</summary>
    private sealed class Miscounting(Core core) : IExecutionEngine, ICodeCache
    {
        private readonly InterpreterEngine _engine = new(core);

        public RunExit Run(long budget)
        {
            RunExit exit = _engine.Run(budget);
            core.State->Gpr[14] ^= core.State->Gpr[13] > 300 ? 1u : 0;
            return exit;
        }

        public void InvalidatePage(ulong physicalPage) => _engine.InvalidatePage(physicalPage);

        public void CountBranches(bool counts) => _engine.CountBranches(counts);
    }
}
