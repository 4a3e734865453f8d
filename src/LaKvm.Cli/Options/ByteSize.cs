using System.Globalization;

namespace LaKvm.Cli;

/// <summary>Sizes as a command line writes them: a number with an optional K, M, G or T (powers of 1024).</summary>
internal static class ByteSize
{
    /// <summary>Bits of a MiB: the unit of a bare number in QEMU's -m, and here.</summary>
    internal const int Mebi = 20;

    private const string Units = "KMGT";

    /// <summary>Parses a size; false if the text is none or does not fit in 64 bits.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="bareShift">Unit of a number without a letter, as the power of two.</param>
    /// <param name="bytes">The size.</param>
    internal static bool TryParse(string text, int bareShift, out ulong bytes)
    {
        bytes = 0;
        int unit = text.Length == 0 ? -1 : Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        string digits = unit < 0 ? text : text[..^1];
        int shift = unit < 0 ? bareShift : 10 * (unit + 1);
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            || number > ulong.MaxValue >> shift)
        {
            return false;
        }

        bytes = number << shift;
        return true;
    }

    /// <summary>The size in its largest unit, with one decimal where it is not whole: "2 GiB", "23.4 GiB".</summary>
    internal static string Format(ulong bytes)
    {
        int unit = 0;
        while (unit < Units.Length && bytes >> (10 * (unit + 1)) != 0)
        {
            unit++;
        }

        double value = bytes / (double)(1UL << (10 * unit));
        string suffix = unit == 0 ? "bytes" : $"{Units[unit - 1]}iB";
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {suffix}");
    }
}
