using System.Globalization;
using LaKvm.Diagnostics;

namespace LaKvm.Debugger.Logging;

/// <summary>
/// An item that is logged, and which of its events are: <c>ITEM[=[PLACE][@FIRST][:MOST]]</c>. A place is a symbol, an
/// address, or a range of addresses, A-B (without B) or A+LENGTH: of the PC, or of what is accessed or translated.
/// FIRST is the number of instructions after which it begins, MOST how many lines there are at most.
/// </summary>
public sealed class LogRule
{
    private const ulong PhysicalMask = (1UL << 48) - 1;

    private readonly string? _symbol;
    private readonly ulong _first;
    private ulong _start;
    private ulong _length;
    private ulong _mask = ulong.MaxValue;
    private long _left;

    private LogRule(LogItem item, string text, Parts parts)
    {
        (Item, Text, _symbol, _first, _left) = (item, text, parts.Symbol, parts.First, parts.Most);
        (_start, _length) = (parts.Start, parts.Length);
    }

    /// <summary>What is logged.</summary>
    public LogItem Item { get; }

    /// <summary>How it was written.</summary>
    public string Text { get; }

    /// <summary>Reads rules that are separated by commas.</summary>
    /// <exception cref="FormatException">One is none; the message says which and why.</exception>
    public static IReadOnlyList<LogRule> ParseAll(string text) => [.. text.Split(',').Select(Parse)];

    /// <summary>Finds out where the symbol is, if the rule names one.</summary>
    /// <exception cref="FormatException">There is no such symbol.</exception>
    internal void Resolve(ISymbols? symbols)
    {
        if (_symbol != null)
        {
            (_start, _length) = symbols?.RangeOf(_symbol)
                ?? throw new FormatException($"the guest's code has no symbol '{_symbol}'");
            _start &= PhysicalMask;
            _mask = PhysicalMask;
        }
    }

    /// <summary>Whether all lines that it may have are written.</summary>
    internal bool IsUsedUp => Volatile.Read(ref _left) <= 0;

    /// <summary>Whether an event belongs into the log; if so, it counts.</summary>
    internal bool Takes(ulong pc, ulong address, ulong count) =>
        count >= _first && (IsInside(pc) || IsInside(address)) && Volatile.Read(ref _left) > 0
        && Interlocked.Decrement(ref _left) >= 0;

    private bool IsInside(ulong address) => (address & _mask) - _start < _length;

    private static LogRule Parse(string text)
    {
        string[] halves = text.Split('=', 2);
        int item = LogItems.Words.ToList().IndexOf(halves[0].Trim().ToLowerInvariant());
        return item < 0
            ? throw new FormatException($"'{halves[0]}' is none of {string.Join(',', LogItems.Words)}")
            : new LogRule((LogItem)item, text.Trim(), Parts.Parse(halves.Length == 1 ? "" : halves[1].Trim()));
    }

    /// <summary>What stands behind the item.</summary>
    private sealed record Parts(string? Symbol, ulong Start, ulong Length, ulong First, long Most)
    {
        internal static Parts Parse(string text)
        {
            string rest = Cut(text, ':', out string? most);
            string place = Cut(rest, '@', out string? first);
            (ulong start, ulong length) = (0, ulong.MaxValue);
            bool isSymbol = place.Length != 0 && !char.IsAsciiDigit(place[0]);
            if (place.Length != 0 && !isSymbol)
            {
                (start, length) = Range(place);
            }

            return new Parts(isSymbol ? place : null, start, length, first == null ? 0 : Number(first),
                most == null ? long.MaxValue : (long)Math.Min(Number(most), long.MaxValue));
        }

        private static (ulong Start, ulong Length) Range(string place)
        {
            string left = Cut(place, '-', out string? end);
            if (end != null)
            {
                ulong start = Number(left);
                return Number(end) > start ? (start, Number(end) - start) : throw new FormatException(
                    $"'{place}' ends before it begins");
            }

            left = Cut(place, '+', out string? length);
            return (Number(left), length == null ? 1 : Number(length));
        }

        private static string Cut(string text, char separator, out string? behind)
        {
            int at = text.LastIndexOf(separator);
            behind = at < 0 ? null : text[(at + 1)..];
            return at < 0 ? text : text[..at];
        }

        private static ulong Number(string text)
        {
            bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            NumberStyles style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
            bool ok = ulong.TryParse(
                isHex ? text[2..] : text, style, CultureInfo.InvariantCulture, out ulong value);
            return ok ? value : throw new FormatException($"'{text}' is not a number; write for example 0x200000");
        }
    }
}
