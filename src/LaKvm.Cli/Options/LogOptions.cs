using System.CommandLine;
using LaKvm.Debugger.Logging;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>What is reported, and where.</summary>
internal sealed record LogOptions
{
    /// <summary>The least important that is reported.</summary>
    internal LogLevel Level { get; init; } = LogLevel.Warning;

    /// <summary>File that the messages are added to; null is stderr.</summary>
    internal string? File { get; init; }
}

/// <summary>What of the guest's doings is logged, and where.</summary>
internal sealed record EventLogOptions
{
    internal const string Name = "--log", OutputName = "--log-output";

    /// <summary>What is logged from the beginning.</summary>
    internal IReadOnlyList<LogRule> Rules { get; init; } = [];

    /// <summary>File, pipe or terminal; null is stderr.</summary>
    internal string? Output { get; init; }

    /// <summary>Whether there is a log at all: asked for, or a debugger may ask for it.</summary>
    internal bool IsWanted { get; init; }

    /// <summary>Reads rules.</summary>
    /// <exception cref="UserErrorException">These are none.</exception>
    internal static IReadOnlyList<LogRule> Parse(string text)
    {
        try
        {
            return LogRule.ParseAll(text);
        }
        catch (FormatException e)
        {
            throw new UserErrorException($"{Name}: {e.Message}.", ExitCode.Usage);
        }
    }
}

/// <summary>The options for the log of what the guest does.</summary>
internal sealed class EventLogOptionGroup
{
    private readonly Option<IReadOnlyList<LogRule>?> _rules = ValueOption.Parsed<IReadOnlyList<LogRule>?>(
        EventLogOptions.Name, "ITEM[=FILTER][,...]",
        $"Log what the guest does, a line each: {string.Join(", ", LogItems.Words)}. A filter is"
        + " [PLACE][@FIRST][:MOST]: a symbol, an address or a range A-B or A+LENGTH; how many instructions come before;"
        + " how many lines at most",
        EventLogOptions.Parse);

    private readonly Option<string?> _output = ValueOption.Text(
        EventLogOptions.OutputName, "FILE", $"Where the lines of {EventLogOptions.Name} go, instead of stderr");

    internal EventLogOptionGroup() => _rules.CompletionSources.Add([.. LogItems.Words]);

    /// <summary>All of them.</summary>
    internal Option[] Options => [_rules, _output];

    /// <summary>Their values.</summary>
    internal EventLogOptions Bind(ParseResult result, bool mayBeAskedFor) => new()
    {
        Rules = result.GetValue(_rules) ?? [],
        Output = result.GetValue(_output),
        IsWanted = mayBeAskedFor || result.GetResult(_rules) != null,
    };
}

/// <summary>The options for messages.</summary>
internal sealed class LogOptionGroup
{
    internal const string FileOption = "--log-file";

    private readonly Option<LogLevel?> _level = ValueOption.Choice("--log-level", "What to report [default: warning]",
        ("error", LogLevel.Error), ("warning", LogLevel.Warning), ("info", LogLevel.Information),
        ("debug", LogLevel.Debug),
        ("trace", LogLevel.Trace));

    private readonly Option<string?> _file =
        ValueOption.Text(FileOption, "FILE", "Add the messages to a file, with the time, instead of stderr");

    /// <summary>All of them.</summary>
    internal Option[] Options => [_level, _file];

    /// <summary>Their values.</summary>
    internal LogOptions Bind(ParseResult result) =>
        new() { Level = result.GetValue(_level) ?? LogLevel.Warning, File = result.GetValue(_file) };
}
