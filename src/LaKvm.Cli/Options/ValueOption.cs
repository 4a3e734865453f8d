using System.CommandLine;
using System.CommandLine.Parsing;

namespace LaKvm.Cli;

/// <summary>
/// Makes options whose values the parser itself reads: a mistake is found before anything is started, and completion
/// knows the values.
/// </summary>
internal static class ValueOption
{
    /// <summary>An option for a text; it may be empty only where <paramref name="mayBeEmpty"/> says so.</summary>
    internal static Option<string?> Text(string name, string value, string description, bool mayBeEmpty = false) =>
        Parsed<string?>(name, value, description, text => text, mayBeEmpty);

    /// <summary>An option for a text that has other names too.</summary>
    internal static Option<string?> Text(string name, string value, string description, params string[] aliases) =>
        Parsed<string?>(name, value, description, text => text, mayBeEmpty: false, aliases);

    /// <summary>An option whose value is read by a function.</summary>
    /// <param name="name">Name with its dashes.</param>
    /// <param name="value">What help shows for the value.</param>
    /// <param name="description">What help says.</param>
    /// <param name="parse">Reads the value; throws <see cref="UserErrorException"/> on a mistake.</param>
    /// <param name="mayBeEmpty">Whether an empty text is a value.</param>
    /// <param name="aliases">Other names.</param>
    internal static Option<T> Parsed<T>(
        string name, string value, string description, Func<string, T> parse, bool mayBeEmpty = false,
        params string[] aliases) =>
        new(name, aliases)
        {
            HelpName = value,
            Description = description,
            CustomParser = result => Read(result, parse, mayBeEmpty).FirstOrDefault(),
        };

    /// <summary>An option that may be repeated; each value is read by a function.</summary>
    internal static Option<T[]> Repeated<T>(
        string name, string value, string description, Func<string, T> parse, params string[] aliases) =>
        new(name, aliases)
        {
            HelpName = value,
            Description = description,
            CustomParser = result => [.. Read(result, parse, mayBeEmpty: false)],
        };

    /// <summary>An option for one of some words.</summary>
    internal static Option<T?> Choice<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct
    {
        string[] words = [.. choices.Select(choice => choice.Word)];
        Option<T?> option = Parsed<T?>(name, string.Join('|', words), description, text =>
        {
            int index = Array.FindIndex(words, word => word.Equals(text, StringComparison.OrdinalIgnoreCase));
            return index >= 0 ? choices[index].Value : throw new UserErrorException(
                $"{name}: '{text}' is none of {string.Join('|', words)}.{NearMiss.Hint(text, words)}", ExitCode.Usage);
        });
        option.CompletionSources.Clear(); // the names that T has in C#
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>An option for a size, whose bare number means MiB, as QEMU's does.</summary>
    internal static Option<ulong?> Size(
        string name, string description, ulong least, ulong most, string example, params string[] aliases) =>
        Parsed<ulong?>(name, "SIZE", description, text =>
            ByteSize.TryParse(text, ByteSize.Mebi, out ulong bytes) && bytes >= least && bytes <= most
                ? bytes
                : throw new UserErrorException($"{name}: '{text}' is not {example}.", ExitCode.Usage),
                aliases: aliases);

    /// <summary>An option for a number.</summary>
    internal static Option<int?> Number(
        string name, string value, string description, int least, int most, params string[] aliases) =>
        Parsed<int?>(name, value, description, text =>
            int.TryParse(text, out int number) && number >= least && number <= most
                ? number
                : throw new UserErrorException(
                $"{name}: '{text}' is not a number from {least} to {most}.", ExitCode.Usage),
            aliases: aliases);

    private static List<T> Read<T>(ArgumentResult result, Func<string, T> parse, bool mayBeEmpty)
    {
        var values = new List<T>();
        foreach (Token token in result.Tokens)
        {
            try
            {
                RequireText(result, token.Value, mayBeEmpty);
                values.Add(parse(token.Value));
            }
            catch (UserErrorException e) when (e.ExitCode == ExitCode.Usage)
            {
                result.AddError(e.Message);
                break;
            }
        }

        return values;
    }

    private static void RequireText(ArgumentResult result, string text, bool mayBeEmpty)
    {
        if (text.Length == 0 && !mayBeEmpty)
        {
            string? name = (result.Parent as OptionResult)?.Option.Name;
            throw new UserErrorException($"{name}: the value is empty.", ExitCode.Usage);
        }
    }
}

/// <summary>Whether something is wanted; the parser takes a bool's values for arguments that may be missing.</summary>
internal enum Toggle
{
    /// <summary>It is not.</summary>
    Off,

    /// <summary>It is.</summary>
    On,
}
