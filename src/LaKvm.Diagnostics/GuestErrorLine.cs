using System.Runtime.CompilerServices;

namespace LaKvm.Diagnostics;

/// <summary>An interpolated string that is only put together if the log lets it through.</summary>
[InterpolatedStringHandler]
public ref struct GuestErrorLine
{
    private DefaultInterpolatedStringHandler _text;

    /// <summary>Asks the log whether there will be a line; if not, nothing of it is evaluated.</summary>
    public GuestErrorLine(int literalLength, int formattedCount, GuestErrorLog log, out bool wanted)
    {
        wanted = IsWanted = log.Allow();
        if (wanted)
        {
            _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }
    }

    internal bool IsWanted { get; }

    /// <summary>Appends a part of the text.</summary>
    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    /// <summary>Appends a value.</summary>
    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    /// <summary>Appends a value in a format.</summary>
    public void AppendFormatted<T>(T value, string format) => _text.AppendFormatted(value, format);

    internal string ToStringAndClear() => _text.ToStringAndClear();
}
