using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Interpreter;
using LaKvm.Interpreter;
using LaKvm.Isa;

namespace LaKvm.Translator.Tests;

/// <summary>Cores that rewrite code while others execute it.</summary>
public sealed class SharedCodeTests
{
    private const ulong Published = 0x30_0000, Failed = 0x30_1000, Lock = 0x30_2000, Function = 0x31_0000;

    /// <summary>Versions fit into the immediate of an addi.</summary>
    private const int Versions = 2_000;

    /// <summary>
    /// Each core calls the function, which must be at least as new as what was published before its ibar; then, with
    /// the lock, makes the function return the next version and publishes that.
    /// </summary>
    private const string Program = """
        1:  ld.d    $s1, $s0, 0
            ibar    0
            bl      0x20fff8
            bltu    $a0, $s1, 9f
            li.w    $t0, 1
            amswap_db.d $t1, $t0, $s3
            bnez    $t1, 1b
            ld.d    $s1, $s0, 0
            li.w    $t0, 2000
            bgeu    $s1, $t0, 8f
            addi.d  $s1, $s1, 1
            slli.d  $t0, $s1, 10
            add.d   $t0, $t0, $s4
            st.w    $t0, $s2, 0
            dbar    0
            st.d    $s1, $s0, 0
            dbar    0
            ibar    0
            bl      0x20ffb8
            st.d    $zero, $s3, 0
            bne     $a0, $s1, 9f
            b       1b
        8:  st.d    $zero, $s3, 0
            b       8b
        9:  st.d    $s1, $s5, 0
            b       9b
        """;

    /// <summary>
    /// The first core writes the function and calls it, again and again; the others store to other words of its page,
    /// which takes the mark of its code away at any time.
    /// </summary>
    private const string Neighbours = """
            bnez    $s6, 5f
        1:  addi.d  $s1, $s1, 1
            andi    $s7, $s1, 0x3ff
            slli.d  $t0, $s7, 10
            add.d   $t0, $t0, $s4
            st.w    $t0, $s2, 0
            ibar    0
            bl      0x20ffe4
            bne     $a0, $s7, 9f
            bl      0x20ffdc
            bne     $a0, $s7, 9f
            bl      0x20ffd4
            bne     $a0, $s7, 9f
            st.d    $s1, $s0, 0
            b       1b
        5:  st.d    $s1, $s2, 2040
            b       5b
        9:  st.d    $s1, $s5, 0
            b       9b
        """;

    [Theory]
    [InlineData(2, 0)]
    [InlineData(4, 3)]
    public void Every_core_executes_what_was_published(int cores, int warmCount) =>
        Run(Program, cores, Versions,
        core => new TranslatorEngine(core, new() { WarmCount = warmCount, ProtectCode = cores == 2 }));

    [Theory]
    [InlineData(2, 0)]
    [InlineData(3, 1)]
    public void Core_executes_what_it_wrote_while_others_store_beside_it(int cores, int warmCount) =>
        Run(Neighbours, cores, 20 * Versions, core => new TranslatorEngine(core, new() { WarmCount = warmCount }));

    /// <summary>
    /// What other cores store is no difference, though all cores store to what all others load and execute.
    /// </summary>
    [Fact]
    public void Every_core_is_checked_while_others_change_memory()
    {
        var turns = new CheckingTurns();
        Run(Program, 3, Versions, core => new CheckingEngine(
            core, turns, c => new InterpreterEngine(c), c => new TranslatorEngine(c, new() { WarmCount = 1 })));
    }

    private static unsafe void Run(string program, int cores, int versions, Func<Core, IExecutionEngine> createEngine)
    {
        using var machine = new TestMachine(cores, createEngine);
        machine.Load(program);
        machine.Load("addi.d $a0, $zero, 0\njirl $zero, $ra, 0\n", Function);
        for (int id = 0; id < cores; id++)
        {
            ulong* registers = machine.Cores[id].State->Gpr;
            (registers[23], registers[25], registers[26]) = (Published, Function, Lock);
            (registers[29], registers[27], registers[28]) =
                ((ulong)id, Assembler.Encode("addi.d $a0, $zero, 0"), Failed);
        }

        bool Done() => Volatile.Read(ref machine.Cell(Published)) >= (ulong)versions
            || Volatile.Read(ref machine.Cell(Failed)) != 0;
        Thread[] threads = [.. machine.Engines.Select(engine => new Thread(() =>
        {
            while (!Done())
            {
                engine.Run(5_000);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        machine.Cell(Failed).Should().Be(0);
        machine.Cell(Published).Should().BeGreaterThanOrEqualTo((ulong)versions);
    }
}
