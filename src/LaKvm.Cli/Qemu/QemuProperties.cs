using System.Text;

namespace LaKvm.Cli.Qemu;

/// <summary>
/// An option's argument in QEMU's form: KEY=VALUE, separated by commas, where two commas stand for one in a value. KEY
/// alone is KEY=on, and noKEY is KEY=off. What is not asked for is unknown.
/// </summary>
internal sealed class QemuProperties
{
    private const string On = "on", Off = "off";

    private readonly string _option;
    private readonly List<(string Key, string Value)> _rest = [];

    /// <summary>Takes the argument apart.</summary>
    /// <param name="option">The option, for what is said of it.</param>
    /// <param name="text">The argument.</param>
    /// <param name="first">The key that may be left out in front; null: none may.</param>
    internal QemuProperties(string option, string text, string? first = null)
    {
        _option = option;
        foreach (string part in Split(text))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            _rest.Add(equals >= 0 ? (part[..equals], part[(equals + 1)..])
                : first != null && _rest.Count == 0 ? (first, part)
                : part.StartsWith("no", StringComparison.Ordinal) ? (part[2..], Off)
                : (part, On));
        }
    }

    /// <summary>The value of a key, or null; of several the last one counts.</summary>
    internal string? Take(string key) => TakeAll(key) is [.., var last] ? last : null;

    /// <summary>The value of a key.</summary>
    /// <exception cref="UserErrorException">There is none.</exception>
    internal string Require(string key) => Take(key) ?? throw Wrong($"{key}= is missing");

    /// <summary>All values of a key, in order.</summary>
    internal IReadOnlyList<string> TakeAll(string key)
    {
        string[] values = [.. _rest.Where(pair => pair.Key == key).Select(pair => pair.Value)];
        _rest.RemoveAll(pair => pair.Key == key);
        return values;
    }

    /// <summary>Whether a key is on; null if it is not there.</summary>
    internal bool? TakeSwitch(string key) => Take(key) is { } value ? ReadSwitch(key, value) : null;

    /// <summary>What the value of a switch means.</summary>
    internal bool ReadSwitch(string key, string value) => value switch
    {
        On or "true" or "yes" or "y" => true,
        Off or "false" or "no" or "n" => false,
        _ => throw Wrong($"{key}={value} is neither on nor off"),
    };

    /// <summary>A number, or null.</summary>
    internal int? TakeNumber(string key) => Take(key) is not { } text ? null
        : int.TryParse(text, out int number) && number > 0 ? number : throw Wrong($"{key}={text} is not a number");

    /// <summary>Takes a key whose values are what is the case here anyway.</summary>
    /// <exception cref="UserErrorException">It has another value.</exception>
    internal QemuProperties Accept(string key, params string[] values) =>
        Take(key) is { } value && !values.Contains(value)
            ? throw Wrong($"{key}={value} is not known here; {key}={string.Join('|', values)} is") : this;

    /// <summary>To be called when all that is known has been taken.</summary>
    /// <exception cref="UserErrorException">Something is left.</exception>
    internal void Finish()
    {
        if (_rest.Count > 0)
        {
            throw Wrong($"'{_rest[0].Key}' is not known here");
        }
    }

    /// <summary>What is wrong with the option.</summary>
    internal UserErrorException Wrong(string what) => new($"{_option}: {what}; {QemuOptions.Hint}.");

    private static IEnumerable<string> Split(string text)
    {
        var part = new StringBuilder();
        for (int n = 0; n < text.Length; n++)
        {
            if (text[n] != ',')
            {
                part.Append(text[n]);
            }
            else if (n + 1 < text.Length && text[n + 1] == ',')
            {
                part.Append(text[++n]);
            }
            else
            {
                yield return part.ToString();
                part.Clear();
            }
        }

        if (part.Length > 0)
        {
            yield return part.ToString();
        }
    }
}
