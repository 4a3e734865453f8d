using System.CommandLine;
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
