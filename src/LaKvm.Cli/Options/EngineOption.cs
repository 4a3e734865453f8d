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

    internal const string Names = "interpreter|translator|check";

    /// <summary>
    /// What makes a core's engine; null is the default: the translator, or the interpreter on a computer it has no code for.
    /// </summary>
    /// <exception cref="UserErrorException">There is no such engine, or not on this computer.</exception>
    internal static Func<Core, IExecutionEngine> Parse(string? text) => text?.ToLowerInvariant() switch
    {
        null => TranslatorEngine.IsSupported ? Translator : Interpreter,
        "interpreter" => Interpreter,
        Check when TranslatorEngine.IsSupported => core => new CheckingEngine(core, Interpreter, Translator),
        "translator" when TranslatorEngine.IsSupported => Translator,
        "translator" or Check => throw new UserErrorException($"{Name}: the translator needs an x86-64 computer.", ExitCode.Usage),
        _ => throw new UserErrorException($"{Name}: '{text}' is none of {Names}.", ExitCode.Usage),
    };

    private static IExecutionEngine Interpreter(Core core) => new InterpreterEngine(core);

    private static IExecutionEngine Translator(Core core) => new TranslatorEngine(core);
}
