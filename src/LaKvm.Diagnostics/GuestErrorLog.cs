using System.Runtime.CompilerServices;

namespace LaKvm.Diagnostics;

/// <summary>
/// Reports what guests do wrong, with core, PC and symbol where known: a few lines a second in all, since a guest must
/// not be able to flood the log. One for all parts and all resets of a machine. Safe for all threads.
/// </summary>
public sealed class GuestErrorLog : IDisposable
{
    /// <summary>Lines let through in any second.</summary>
    public const int LinesPerSecond = 10;

    /// <summary>Things reported once that are remembered; those beyond are not reported.</summary>
    private const int MostOnce = 256;

    [ThreadStatic] private static IGuestPlace? _place;

    private readonly Action<string>? _sink;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly HashSet<(string What, ulong Where)> _once = [];

    /// <summary>When the last lines were let through, the oldest one at <see cref="_next"/>.</summary>
    private readonly long[] _times = new long[LinesPerSecond];
    private int _next;
    private long _lines;
    private long _untold;

    /// <summary>Makes a log.</summary>
    /// <param name="sink">Receives one line at a time; null drops them.</param>
    /// <param name="time">Source of the seconds; the system's by default.</param>
    public GuestErrorLog(Action<string>? sink, TimeProvider? time = null)
    {
        _sink = sink;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Drops everything.</summary>
    public static GuestErrorLog Silent { get; } = new(null);

    /// <summary>Names of the guest's code, if there are any.</summary>
    public ISymbols? Symbols { get; set; }

    /// <summary>Lines that were not let through so far.</summary>
    public long Suppressed { get; private set; }

    /// <summary>The calling thread executes guest code there from now on; null: it does not any more.</summary>
    public static void Enter(IGuestPlace? place) => _place = place;

    /// <summary>Where the calling thread executes guest code; null if it does not.</summary>
    public static IGuestPlace? Place => _place;

    /// <summary>Reports something that the guest of the calling thread, if it executes one, has just done.</summary>
    public void Report([InterpolatedStringHandlerArgument("")] ref GuestErrorLine line)
    {
        if (line.IsWanted)
        {
            Write(_place?.GuestPc, line.ToStringAndClear());
        }
    }

    /// <inheritdoc cref="Report(ref GuestErrorLine)"/>
    public void Report(string line)
    {
        if (Allow())
        {
            Write(_place?.GuestPc, line);
        }
    }

    /// <summary>
    /// Reports something once, however often it happens. <paramref name="line"/> makes the text, and is not called
    /// again.
    /// </summary>
    /// <param name="what">What it is.</param>
    /// <param name="where">Where it is, for what is to be reported at each place: an address, a number.</param>
    /// <param name="pc">Virtual address of the instruction.</param>
    /// <param name="line">The text.</param>
    public void ReportOnce(string what, ulong where, ulong pc, Func<string> line)
    {
        if (_sink == null)
        {
            return;
        }

        lock (_lock)
        {
            if (_once.Count == MostOnce || !_once.Add((what, where)))
            {
                return;
            }
        }

        if (Allow())
        {
            Write(pc, line());
        }
    }

    /// <summary>An address of guest code as text, with its symbol if that is known.</summary>
    public string Name(ulong address) =>
        Symbols?.Find(address) is { } symbol ? $"0x{address:x} ({symbol})" : $"0x{address:x}";

    /// <summary>Says how many lines were not let through since the last one, if any; at the end.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _untold, 0) is > 0 and long untold)
        {
            _sink!($"{untold} more lines about the guest were not shown");
        }
    }

    /// <summary>Whether another line may be written now; if so, it is taken into account.</summary>
    internal bool Allow()
    {
        if (_sink == null)
        {
            return false;
        }

        long now = _time.GetTimestamp();
        lock (_lock)
        {
            if (_lines >= LinesPerSecond && now - _times[_next] < _time.TimestampFrequency)
            {
                Suppressed++;
                _untold++;
                return false;
            }

            _lines++;
            _times[_next] = now;
            _next = (_next + 1) % LinesPerSecond;
            return true;
        }
    }

    private void Write(ulong? pc, string text)
    {
        string core = _place is { } place ? $"core {place.CoreNumber}" : "";
        string separator = core.Length != 0 && pc != null ? ", " : "";
        string at = pc is { } address ? $"PC {Name(address)}" : "";
        string colon = core.Length + at.Length != 0 ? ": " : "";
        long untold = Interlocked.Exchange(ref _untold, 0);
        string rest = untold != 0 ? $" ({untold} lines before this one were not shown)" : "";
        _sink!($"{core}{separator}{at}{colon}{text}{rest}");
    }
}
