namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Contents of data windows: interesting values, made once, of which a block gets a part.</summary>
internal static class MemoryBank
{
    private const int Size = 1 << 15;

    private static readonly ulong[] Words = Make();

    /// <summary>What the read-only page of every window holds.</summary>
    public static ReadOnlySpan<ulong> ReadOnlyPage => Words.AsSpan(0, (int)Layout.Page / 8);

    /// <summary>Fills a window.</summary>
    public static void Fill(Span<ulong> data, Rng rng) =>
        Words.AsSpan(rng.Below(Size - data.Length), data.Length).CopyTo(data);

    private static ulong[] Make()
    {
        var rng = new Rng(1);
        var words = new ulong[Size];
        for (int n = 0; n < Size; n++)
        {
            words[n] = rng.Below(4) switch
            {
                0 => Values.Integer(rng),
                1 => Values.Float(rng, single: rng.Once(2)),
                _ => Values.Elements(rng),
            };
        }

        return words;
    }
}
