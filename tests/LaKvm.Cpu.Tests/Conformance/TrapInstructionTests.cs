using LaKvm.Interpreter;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>Instructions that only trap, and that a recorder in user mode can't survive.</summary>
public sealed class TrapInstructionTests
{
    [Theory]
    [InlineData("002b0000", "Sys")]
    [InlineData("002b7fff", "Sys")]
    public void Syscall_raises_sys(string word, string trap) => Replay(word, trap);

    /// <summary>
    /// There is no debug unit (CSR.DBG and its fellows are not implemented), so that dbcl is no instruction.
    /// </summary>
    [Fact]
    public void Dbcl_without_a_debug_unit_does_not_exist() => Replay("002a8000", "Ine");

    /// <summary>
    /// LoongArch v1.10 has them, the LA464 does not: approximations, compare and swap, quadword sc, ...
    /// </summary>
    [Theory]
    [InlineData("01147400")] // frecipe.s
    [InlineData("01148800")] // frsqrte.d
    [InlineData("729d1400")] // vfrecipe.s
    [InlineData("729d2800")] // vfrsqrte.d
    [InlineData("769d1800")] // xvfrecipe.d
    [InlineData("769d2400")] // xvfrsqrte.s
    [InlineData("385904a3")] // amcas.w
    [InlineData("385d04a3")] // amadd.b
    [InlineData("38578083")] // llacq.w
    [InlineData("385704a3")] // sc.q
    public void Later_instruction_does_not_exist(string word) => Replay(word, "Ine");

    private static void Replay(string word, string trap)
    {
        using ConformanceMachine machine = new(core => new InterpreterEngine(core));
        machine.Run(new VectorCase($"{word} = trap={trap}")).Should().BeNull();
    }
}
