using LaKvm.Isa.Assembling;

namespace LaKvm.Isa;

/// <summary>An error in assembly source.</summary>
/// <param name="Line">Line number, from 1.</param>
/// <param name="Message">What is wrong, in one sentence.</param>
public sealed record AssemblyError(int Line, string Message);

/// <summary>The outcome of assembling a source text.</summary>
/// <param name="Bytes">The image, from the origin on; incomplete when there are errors.</param>
/// <param name="Symbols">Labels (absolute addresses) and .equ constants.</param>
/// <param name="Errors">All errors, by line; empty on success.</param>
public sealed record AssemblyResult(
    byte[] Bytes, IReadOnlyDictionary<string, ulong> Symbols, IReadOnlyList<AssemblyError> Errors)
{
    /// <summary>The image; throws <see cref="FormatException"/> with all errors when there are any.</summary>
    public byte[] BytesOrThrow()
    {
        IEnumerable<string> lines = Errors.Select(error => $"line {error.Line}: {error.Message}");
        return Errors.Count == 0 ? Bytes : throw new FormatException(string.Join('\n', lines));
    }
}

/// <summary>
/// Assembles a small program into one flat image: instructions in the manual's syntax, the aliases that llvm knows,
/// li.w, li.d, la.local, labels and a few data directives (docs/isa.md lists them).
/// </summary>
public static class Assembler
{
    /// <summary>Assembles <paramref name="source"/> for execution at the address <paramref name="origin"/>.</summary>
    public static AssemblyResult Assemble(string source, ulong origin = 0)
    {
        List<Statement> statements = [];
        List<AssemblyError> errors = [];
        SourceReader.Read(source, statements, errors);

        // The first pass finds the addresses of the labels, guessing those it has not met; the second one emits.
        SymbolTable symbols = new();
        new AssemblyPass(origin, symbols).Run(statements);
        symbols.StartSecondPass();
        AssemblyPass second = new(origin, symbols);
        errors.AddRange(second.Run(statements));
        return new AssemblyResult(second.Image, symbols.All(), errors.OrderBy(error => error.Line).ToList());
    }

    /// <summary>
    /// Encodes one instruction, e.g. <c>addi.d $a0, $a1, 8</c>; throws <see cref="FormatException"/> on an error.
    /// </summary>
    public static uint Encode(string instruction) =>
        Assemble(instruction).BytesOrThrow() is { Length: 4 } word
            ? BitConverter.ToUInt32(word)
            : throw new FormatException($"'{instruction}' is not exactly one instruction");
}
