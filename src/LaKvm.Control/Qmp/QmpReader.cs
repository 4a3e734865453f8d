using System.Runtime.InteropServices;
using System.Text.Json;

namespace LaKvm.Control;

/// <summary>What <see cref="QmpReader"/> has found.</summary>
internal enum QmpInput
{
    /// <summary>Nothing whole yet.</summary>
    None,

    /// <summary>A JSON value.</summary>
    Value,

    /// <summary>Something that is no JSON; it was skipped up to the end of its line.</summary>
    Garbage,

    /// <summary>A value that is larger than any request; the client has to go.</summary>
    TooLong,
}

/// <summary>
/// Finds JSON values in what a client sends, however it is cut: several in one piece, one in many, with line ends
/// inside or none between.
/// </summary>
internal sealed class QmpReader
{
    /// <summary>Bytes of a request at most.</summary>
    internal const int MostBytes = 256 << 10;

    private static readonly JsonReaderOptions _options = new() { AllowMultipleValues = true, MaxDepth = 64 };

    private readonly List<byte> _pending = [];

    /// <summary>Takes what has come.</summary>
    internal void Add(ReadOnlySpan<byte> bytes) => _pending.AddRange(bytes);

    /// <summary>Takes the next value out.</summary>
    internal QmpInput Next(out JsonDocument? value)
    {
        value = null;
        SkipSpace();
        if (_pending.Count == 0)
        {
            return QmpInput.None;
        }

        try
        {
            return TryParse(out value) ? QmpInput.Value
                : _pending.Count > MostBytes ? QmpInput.TooLong
                : QmpInput.None;
        }
        catch (JsonException)
        {
            SkipLine();
            return QmpInput.Garbage;
        }
    }

    private bool TryParse(out JsonDocument? value)
    {
        var reader = new Utf8JsonReader(
            CollectionsMarshal.AsSpan(_pending), isFinalBlock: false, new JsonReaderState(_options));
        if (!JsonDocument.TryParseValue(ref reader, out value))
        {
            return false;
        }

        _pending.RemoveRange(0, (int)reader.BytesConsumed);
        return true;
    }

    private void SkipSpace()
    {
        int count = 0;
        while (count < _pending.Count && _pending[count] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            count++;
        }

        _pending.RemoveRange(0, count);
    }

    private void SkipLine()
    {
        int end = _pending.IndexOf((byte)'\n');
        _pending.RemoveRange(0, end < 0 ? _pending.Count : end + 1);
    }
}
