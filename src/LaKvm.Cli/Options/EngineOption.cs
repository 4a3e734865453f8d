using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Cli;

/// <summary>The option for what executes the guest's instructions.</summary>
internal static class EngineOption
{
    internal const string Name = "--engine";

    /// <summary>Executes everything with both engines and compares.</summary>
    internal const string Check = "check";

    /// <summary>The option for how much machine code is kept.</summary>
    internal const string CodeMemory = "--code-memory";

    internal const string Names = "interpreter|translator|check";

    /// <summary>
    /// What makes a core's engine; null is the default: the translator, or the interpreter on a computer it has no code for.
    /// </summary>
    /// <exception cref="UserErrorException">There is no such engine, or not on this computer.</exception>
    internal static Func<Core, IExecutionEngine> Parse(string? text, TranslatorOptions? options = null) => text?.ToLowerInvariant() switch
    {
        null => TranslatorEngine.IsSupported ? Translator(options) : Interpreter,
        "interpreter" => Interpreter,
        Check when TranslatorEngine.IsSupported => Checking(new CheckingTurns(), options),
        "translator" when TranslatorEngine.IsSupported => Translator(options),
        "translator" or Check => throw new UserErrorException($"{Name}: the translator needs an x86-64 computer.", ExitCode.Usage),
        _ => throw new UserErrorException($"{Name}: '{text}' is none of {Names}.", ExitCode.Usage),
    };

    /// <summary>Bytes of machine code that are kept at most.</summary>
    /// <exception cref="UserErrorException">The size is none that the translator can work with.</exception>
    internal static ulong ParseCodeMemory(string? text)
    {
        const ulong least = 1UL << 20, most = 1UL << 30;
        return text == null ? new TranslatorOptions().ArenaBytes
            : ByteSize.TryParse(text, out ulong bytes) && bytes is >= least and <= most ? bytes
            : throw new UserErrorException($"{CodeMemory}: '{text}' is not a size from 1M to 1G.", ExitCode.Usage);
    }

    private static IExecutionEngine Interpreter(Core core) => new InterpreterEngine(core);

    private static Func<Core, IExecutionEngine> Checking(CheckingTurns turns, TranslatorOptions? options) =>
        core => new CheckingEngine(core, turns, Interpreter, Translator(options));

    private static Func<Core, IExecutionEngine> Translator(TranslatorOptions? options) =>
        core => new TranslatorEngine(core, options);
}
