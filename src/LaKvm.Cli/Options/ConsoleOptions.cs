using System.CommandLine;

namespace LaKvm.Cli;

/// <summary>How the guest's console is used.</summary>
internal sealed record ConsoleOptions
{
    /// <summary>Whether it is stdin and stdout; else nobody sees it.</summary>
    internal bool IsConnected { get; init; } = true;

    /// <summary>The key that begins LaKvm's own commands.</summary>
    internal ControlKey EscapeKey { get; init; } = ControlKey.Default;

    /// <summary>How many silent seconds behind the end of the input end the run; null: none do.</summary>
    internal int? SilenceAfterInput { get; init; }
}

/// <summary>The options for the guest's console.</summary>
internal sealed class ConsoleOptionGroup
{
    private const int DefaultSilence = 10, MostSilence = 86_400;

    private readonly Option<ControlKey?> _escapeKey = ValueOption.Parsed<ControlKey?>("--escape-key", "KEY",
        $"Key that begins LaKvm's own commands: ctrl-LETTER, or none [default: {ControlKey.Default}]",
        text => ControlKey.Parse(text));

    private readonly Option<int?> _exitOnEof = ValueOption.Number("--exit-on-eof", "SECONDS",
        $"Behind the end of the input, type Ctrl-D in each silent second, and leave after so many [default: "
        + $"{DefaultSilence}]",
        1, MostSilence);

    internal ConsoleOptionGroup()
    {
        _escapeKey.CompletionSources.Add(ControlKey.Words);
        _exitOnEof.Arity = ArgumentArity.ZeroOrOne;
    }

    /// <summary>All of them.</summary>
    internal Option[] Options => [_escapeKey, _exitOnEof];

    /// <summary>Their values.</summary>
    internal ConsoleOptions Bind(ParseResult result) => new()
    {
        EscapeKey = result.GetValue(_escapeKey) ?? ControlKey.Default,
        SilenceAfterInput = result.GetResult(_exitOnEof) == null ? null : result.GetValue(_exitOnEof) ?? DefaultSilence,
    };
}
