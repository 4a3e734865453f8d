using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>The option that every command has for what it reports on stderr.</summary>
internal static class LogLevelOption
{
    private static readonly Dictionary<string, LogLevel> Levels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["error"] = LogLevel.Error,
        ["warning"] = LogLevel.Warning,
        ["info"] = LogLevel.Information,
        ["debug"] = LogLevel.Debug,
        ["trace"] = LogLevel.Trace,
    };

    internal static Option<LogLevel?> Create() => new("--log-level")
    {
        Description = "What to report on stderr [default: warning]",
        HelpName = string.Join('|', Levels.Keys),
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (!Levels.TryGetValue(text, out LogLevel level))
            {
                result.AddError($"--log-level: '{text}' is none of {string.Join(", ", Levels.Keys)}.");
            }

            return level;
        },
    };
}
