namespace LaKvm.Cli;

/// <summary>A key pressed together with Ctrl, or none.</summary>
/// <param name="Code">The byte that a terminal sends for it, 0x01 to 0x1f; null for none.</param>
internal readonly record struct ControlKey(byte? Code)
{
    private const string None = "none";

    private static readonly string[] Prefixes = ["ctrl-", "c-", "^"];

    /// <summary>Ctrl-A, as QEMU has it.</summary>
    internal static ControlKey Default { get; } = new(0x01);

    /// <summary>What <see cref="Parse"/> understands, in its simplest form.</summary>
    internal static string[] Words { get; } =
        [None, .. Enumerable.Range('a', 26).Select(letter => $"ctrl-{(char)letter}")];

    /// <summary>Reads ctrl-LETTER, c-LETTER, ^LETTER (the signs [ \ ] ^ _ are letters here) or none.</summary>
    /// <exception cref="UserErrorException">The text is nothing of these.</exception>
    internal static ControlKey Parse(string text)
    {
        string lower = text.ToLowerInvariant();
        string? prefix = Array.Find(Prefixes, lower.StartsWith);
        string key = prefix == null ? "" : lower[prefix.Length..];
        return lower == None ? default
            : key is [>= '[' and <= '_' or >= 'a' and <= 'z'] ? new ControlKey((byte)(key[0] & 0x1f))
            : throw new UserErrorException(
                $"--escape-key: '{text}' is not ctrl-LETTER or {None}.{NearMiss.Hint(text, Words)}", ExitCode.Usage);
    }

    /// <inheritdoc/>
    public override string ToString() => Code is { } code ? $"Ctrl-{(char)(code | 0x40)}" : None;
}
