using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>The option for what is reported on stderr.</summary>
internal static class LogLevels
{
    internal const string Option = "--log-level";

    internal const string Names = "error|warning|info|debug|trace";

    /// <summary>Parses a level; null is the default.</summary>
    /// <exception cref="UserErrorException">There is no such level.</exception>
    internal static LogLevel Parse(string? text) => text?.ToLowerInvariant() switch
    {
        "error" => LogLevel.Error,
        null or "warning" => LogLevel.Warning,
        "info" => LogLevel.Information,
        "debug" => LogLevel.Debug,
        "trace" => LogLevel.Trace,
        _ => throw new UserErrorException($"{Option}: '{text}' is none of {Names}.", ExitCode.Usage),
    };
}
