using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Benchmarks;

/// <summary>Engines by the names that benchmarks show.</summary>
internal static class Engines
{
    internal const string Interpreter = "interpreter", Translator = "translator";

    internal static IExecutionEngine Create(string name, Core core) =>
        name == Translator ? new TranslatorEngine(core) : new InterpreterEngine(core);
}
