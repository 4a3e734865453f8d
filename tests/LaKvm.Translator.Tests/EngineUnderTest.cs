using LaKvm.Translator;

namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>The engine that the linked tests run: one that translates what it comes to at once.</summary>
internal static class EngineUnderTest
{
    public static IExecutionEngine Create(Core core) => new TranslatorEngine(core, new() { WarmCount = 0 });

    /// <summary>An engine that cannot keep all of a program of eight pages.</summary>
    public static IExecutionEngine CreateSmall(Core core) =>
        new TranslatorEngine(core, new() { WarmCount = 0, ArenaBytes = 216 << 10 });

    /// <summary>An engine whose blocks are single instructions, so that a budget of 1 runs one.</summary>
    public static IExecutionEngine CreateForSingleInstructions(Core core) =>
        new TranslatorEngine(core, new() { WarmCount = 0, MaximumBlock = 1 });
}
