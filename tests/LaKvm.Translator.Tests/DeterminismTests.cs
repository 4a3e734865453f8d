using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Isa;
using LaKvm.Memory;
using LaKvm.Tests.Support;

namespace LaKvm.Translator.Tests;

/// <summary>
/// With a clock that counts instructions, every engine takes timer interrupts at the same instructions.
/// </summary>
public sealed class DeterminismTests
{
    private const int Interrupts = 200;

    /// <summary>A loop of blocks of many lengths; the handler logs time, PC and the loop's counter.</summary>
    private const string Program = """
            lu12i.w $s0, 0x200
            lu12i.w $s1, 0x300
            li.w    $t0, 0x4c7
            csrwr   $t0, 0x41
            li.w    $t0, 0x800
            csrwr   $t0, 0x4
            li.w    $t0, 4
            csrxchg $t0, $t0, 0x0
        1:  addi.d  $t1, $t1, 1
            andi    $t2, $t1, 7
            beqz    $t2, 3f
        2:  addi.d  $t2, $t2, -1
            mul.d   $t3, $t1, $t2
            add.d   $t4, $t4, $t3
            bnez    $t2, 2b
            b       1b
        3:  st.d    $t4, $s1, 0
            ld.d    $t5, $s1, 0
            xor     $t4, $t4, $t5
            b       1b
        """;

    private const string Handler = """
            rdtime.d $t6, $zero
            st.d    $t6, $s0, 0
            csrrd   $t6, 0x6
            st.d    $t6, $s0, 8
            st.d    $t1, $s0, 16
            addi.d  $s0, $s0, 24
            li.w    $t6, 1
            csrwr   $t6, 0x44
            ertn
        """;

    public static TheoryData<string> Engines() =>
        ["interpreter", "translator", "cold translator", "single steps", "check"];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Timer_interrupts_come_at_the_same_instructions(string engine)
    {
        ulong[] expected = Log(core => new InterpreterEngine(core), longest: 10_000);

        ulong[] actual = engine switch
        {
            "interpreter" => Log(core => new InterpreterEngine(core), longest: 7),
            "translator" => Log(core => new TranslatorEngine(core, new() { WarmCount = 0 }), longest: 10_000),
            "cold translator" => Log(core => new TranslatorEngine(core, new() { WarmCount = 255 }), longest: 333),
            "single steps" => Log(core =>
            new TranslatorEngine(core, new() { WarmCount = 0, MaximumBlock = 1 }), longest: 1),
            _ => Log(
                core => new CheckingEngine(
                core, new CheckingTurns(), c => new InterpreterEngine(c), c => new TranslatorEngine(c)),
                longest: 10_000),
        };

        actual.Should().Equal(expected);
        expected.Where((_, n) => n % 3 == 0).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }

    private static unsafe ulong[] Log(Func<Core, IExecutionEngine> createEngine, long longest)
    {
        using var memory = new PhysicalMemory();
        memory.Add(0, 4 << 20);
        Place(memory, Program, 0x10_0000);
        Place(memory, Handler, 0x8_0000);
        var clock = new InstructionClock(3);
        using var core = new Core(0, memory, new NoBus(), clock);
        clock.Attach(core);
        IExecutionEngine engine = createEngine(core);
        core.Reset(0x10_0000);
        core.ExchangeCsr(Csr.Eentry, 0x8_0000, ulong.MaxValue);
        while (core.State->Gpr[23] < 0x20_0000 + (24 * Interrupts))
        {
            engine.Run(clock.UntilTimer(longest)).Should().BeOneOf(RunExit.Budget, RunExit.TimerSet);
            core.PollTimers();
        }

        (engine as IDisposable)?.Dispose();
        return [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(
            memory.Span(0x20_0000, 24 * Interrupts))];
    }

    private static void Place(PhysicalMemory memory, string source, ulong address)
    {
        byte[] code = Assembler.Assemble(source, address).BytesOrThrow();
        code.CopyTo(memory.Span(address, (ulong)code.Length));
    }
}
