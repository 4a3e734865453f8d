using System.Globalization;

namespace LaKvm.Cli;

/// <summary>
/// One <c>--load ADDRESS</c>, which says where a kernel without header belongs, or <c>--load FILE@ADDRESS</c>.
/// </summary>
/// <param name="Path">The file to load, or null for the kernel.</param>
/// <param name="Address">Physical address, or an address in a direct mapped window.</param>
internal sealed record LoadOption(string? Path, ulong Address)
{
    internal const string Name = "--load";

    /// <summary>Parses the option's value. The last @ separates, so that a file name may hold others.</summary>
    /// <exception cref="UserErrorException">There is no address, or no file name before the @.</exception>
    internal static LoadOption Parse(string text)
    {
        int at = text.LastIndexOf('@');
        string digits = text[(at + 1)..];
        if (!TryParseAddress(digits, out ulong address))
        {
            throw new UserErrorException(
                $"{Name}: '{digits}' is not an address; write for example {Name} 0x200000 or {Name} FILE@0x80000000.",
                ExitCode.Usage);
        }

        return at == 0
            ? throw new UserErrorException($"{Name}: there is no file name before the @.", ExitCode.Usage)
            : new LoadOption(at < 0 ? null : text[..at], address);
    }

    private static bool TryParseAddress(string text, out ulong address) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out address);
}
