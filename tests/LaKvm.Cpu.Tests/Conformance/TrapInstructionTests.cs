using LaKvm.Interpreter;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>Instructions that only trap, and that a recorder in user mode can't survive.</summary>
public sealed class TrapInstructionTests
{
    [Theory]
    [InlineData("002b0000", "Sys")]
    [InlineData("002b7fff", "Sys")]
    public void Syscall_raises_sys(string word, string trap) => Replay(word, trap);

    /// <summary>There is no debug unit (CSR.DBG and its fellows are not implemented), so that dbcl is no instruction.</summary>
    [Fact]
    public void Dbcl_without_a_debug_unit_does_not_exist() => Replay("002a8000", "Ine");

    private static void Replay(string word, string trap)
    {
        using ConformanceMachine machine = new(core => new InterpreterEngine(core));
        machine.Run(new VectorCase($"{word} = trap={trap}")).Should().BeNull();
    }
}
