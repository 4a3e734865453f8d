using LaKvm.Interpreter;

namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>
/// The engine that the tests of this project run; the translator's tests run the same ones on theirs.
/// </summary>
internal static class EngineUnderTest
{
    public static IExecutionEngine Create(Core core) => new InterpreterEngine(core);

    /// <summary>An engine that cannot keep all of a program of eight pages.</summary>
    public static IExecutionEngine CreateSmall(Core core) => new InterpreterEngine(core, cacheBytes: 50_000);

    /// <summary>An engine that executes single instructions as it executes many.</summary>
    public static IExecutionEngine CreateForSingleInstructions(Core core) => Create(core);
}
