namespace LaKvm.Cli;

/// <summary>Finds what a mistyped word was meant to be.</summary>
internal static class NearMiss
{
    /// <summary>
    /// The question whether a word was meant, to be put behind a sentence; nothing if no word is like it.
    /// </summary>
    internal static string Hint(string typed, IEnumerable<string> words) =>
        Find(typed, words) is { } word ? $" Did you mean '{word}'?" : "";

    /// <summary>
    /// The word that takes the fewest slips of the finger, if it shares more with the text than it differs in.
    /// </summary>
    internal static string? Find(string typed, IEnumerable<string> words)
    {
        string lower = typed.ToLowerInvariant();
        var nearest = words.Select(word => (Word: word, Slips: Slips(lower, word))).MinBy(pair => pair.Slips);
        return nearest.Word != null && nearest.Slips <= Math.Max(1, Letters(nearest.Word) / 3) ? nearest.Word : null;
    }

    private static int Letters(string word) => word.Count(char.IsLetterOrDigit);

    /// <summary>
    /// Letters to add, leave out, replace, or swap with their neighbour, so that one text becomes the other (optimal
    /// string alignment distance).
    /// </summary>
    private static int Slips(string from, string to)
    {
        var slips = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                slips[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(slips[i - 1, j], slips[i, j - 1]) + 1,
                    slips[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    slips[i, j] = Math.Min(slips[i, j], slips[i - 2, j - 2] + 1);
                }
            }
        }

        return slips[from.Length, to.Length];
    }
}
