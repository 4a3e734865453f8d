using System.CommandLine;
using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Cli;

/// <summary>What executes the guest's instructions.</summary>
internal enum EngineKind
{
    /// <summary>Machine code made of the guest's.</summary>
    Translator,

    /// <summary>The reference.</summary>
    Interpreter,

    /// <summary>Both, and a comparison.</summary>
    Check,
}

/// <summary>The options for what executes the guest's instructions.</summary>
internal static class EngineOption
{
    internal const string Name = "--engine", CodeMemory = "--code-memory";

    private const ulong LeastCode = 1UL << 20, MostCode = 1UL << 30;

    /// <summary>The option for the engine; one that this computer cannot run is a usage error.</summary>
    internal static Option<EngineKind?> Create()
    {
        Option<EngineKind?> option = ValueOption.Choice(Name,
            "What executes the guest's instructions [default: translator on x86-64, else interpreter]",
            ("interpreter", EngineKind.Interpreter), ("translator", EngineKind.Translator),
            ("check", EngineKind.Check));
        option.Validators.Add(result =>
        {
            if (!TranslatorEngine.IsSupported
                && result.GetValueOrDefault<EngineKind?>() is { } kind and not EngineKind.Interpreter)
            {
                result.AddError($"{Name}: the translator needs an x86-64 computer.");
            }
        });
        return option;
    }

    /// <summary>The option for how much machine code is kept.</summary>
    internal static Option<ulong?> CreateCodeMemory() => ValueOption.Size(CodeMemory,
        "Machine code that the translator keeps for each core [default: 64M]", LeastCode, MostCode,
        "a size from 1M to 1G");

    /// <summary>
    /// What makes a core's engine; null is the default: the translator, or the interpreter on a computer it has no code
    /// for.
    /// </summary>
    internal static Func<Core, IExecutionEngine> Factory(EngineKind? kind, TranslatorOptions? options = null) =>
        kind switch
    {
        EngineKind.Check => Checking(new CheckingTurns(), options),
        EngineKind.Interpreter => Interpreter,
        null when !TranslatorEngine.IsSupported => Interpreter,
        _ => Translator(options),
    };

    private static InterpreterEngine Interpreter(Core core) => new InterpreterEngine(core);

    private static Func<Core, IExecutionEngine> Checking(CheckingTurns turns, TranslatorOptions? options) =>
        core => new CheckingEngine(core, turns, Interpreter, Translator(options));

    private static Func<Core, IExecutionEngine> Translator(TranslatorOptions? options) =>
        core => new TranslatorEngine(core, options);
}
