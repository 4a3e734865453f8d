namespace LaKvm.Translator;

/// <summary>How a <see cref="TranslatorEngine"/> translates.</summary>
public sealed record TranslatorOptions
{
    /// <summary>
    /// Bytes of machine code that are kept at most, from 1 MiB to 1 GiB; the code pages take up to as much.
    /// </summary>
    public ulong ArenaBytes { get; init; } = 64UL << 20;

    /// <summary>
    /// Whether machine code is written through another mapping than the one it is executed in, which nobody can write.
    /// </summary>
    public bool ProtectCode { get; init; }

    /// <summary>
    /// How often execution comes to an instruction before it is translated, 0 to 255. Until then it is interpreted.
    /// </summary>
    public int WarmCount { get; init; } = 4;

    /// <summary>Longest block in instructions, 1 to 1024.</summary>
    public int MaximumBlock { get; init; } = 64;

    /// <summary>What translations may use of the host; less than it has only in tests.</summary>
    public HostFeatures Features { get; init; } = HostFeatures.Detect();
}
