using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Cli;

/// <summary>The option for what executes the guest's instructions.</summary>
internal static class EngineOption
{
    internal const string Name = "--engine";

    internal const string Names = "interpreter|translator";

    /// <summary>What makes a core's engine; null is the default.</summary>
    /// <exception cref="UserErrorException">There is no such engine, or not on this computer.</exception>
    internal static Func<Core, IExecutionEngine> Parse(string? text) => text?.ToLowerInvariant() switch
    {
        null or "interpreter" => core => new InterpreterEngine(core),
        "translator" when TranslatorEngine.IsSupported => core => new TranslatorEngine(core),
        "translator" => throw new UserErrorException($"{Name}: the translator needs an x86-64 computer.", ExitCode.Usage),
        _ => throw new UserErrorException($"{Name}: '{text}' is none of {Names}.", ExitCode.Usage),
    };
}
