using LaKvm.Diagnostics;

namespace LaKvm.Debugger.Logging;

/// <summary>
/// A log of what a machine's cores do, for as long as the process lives: a machine that is made after a reset goes on
/// in it. What is logged may be changed at any time, on any thread.
/// </summary>
public sealed class EventLog : IDisposable
{
    private const int FlushMilliseconds = 200;

    private readonly TextWriter _output;
    private readonly Action<string> _failed;
    private readonly Lock _gate = new(), _rulesGate = new();
    private readonly Timer _flush;
    private volatile LogRule?[] _rules = new LogRule?[LogItems.Count];
    private volatile ISymbols? _symbols;
    private volatile bool _isOn;
    private bool _isBroken;

    /// <summary>Makes a log that shows nothing yet.</summary>
    /// <param name="output">Where the lines go; the log's from now on.</param>
    /// <param name="failed">Is told, once, why nothing more can be written.</param>
    public EventLog(TextWriter output, Action<string> failed)
    {
        (_output, _failed) = (output, failed);
        _flush = new Timer(_ => Write(writer => writer.Flush()), null, FlushMilliseconds, FlushMilliseconds);
    }

    /// <summary>What is shown.</summary>
    public IEnumerable<LogRule> Rules => _rules.OfType<LogRule>();

    /// <summary>Names of the code, if they are known.</summary>
    internal ISymbols? Symbols => _symbols;

    /// <summary>Whether anything is shown.</summary>
    internal bool IsOn => _isOn;

    /// <summary>Whether each instruction is to be seen.</summary>
    internal bool WantsInstructions => _rules[(int)LogItem.Instructions] != null || _rules[(int)LogItem.Csr] != null;

    /// <summary>Whether accesses in the middle of a run are to be seen.</summary>
    internal bool WantsAccesses => _rules[(int)LogItem.Mmio] != null || _rules[(int)LogItem.Tlb] != null;

    /// <summary>Shows what the rules say, in place of what was shown before; nothing without rules.</summary>
    /// <exception cref="FormatException">A rule names a symbol that is not there.</exception>
    public void Show(IReadOnlyList<LogRule> rules)
    {
        LogRule?[] table = new LogRule?[LogItems.Count];
        foreach (LogRule rule in rules)
        {
            rule.Resolve(_symbols);
            table[(int)rule.Item] = rule;
        }

        lock (_rulesGate)
        {
            Use(table);
        }
    }

    /// <summary>The code that runs has these names from now on.</summary>
    public void UseSymbols(ISymbols? symbols) => _symbols = symbols;

    /// <summary>Writes what has not been written yet, and closes the output.</summary>
    public void Dispose()
    {
        _flush.Dispose();
        Write(writer => writer.Dispose());
        _isBroken = true;
    }

    /// <summary>Whether anything of an item is shown.</summary>
    internal bool Wants(LogItem item) => _rules[(int)item] != null;

    /// <summary>Whether an event is shown; if so, it counts.</summary>
    internal bool Takes(LogItem item, ulong pc, ulong address, ulong count)
    {
        if (_rules[(int)item] is not { } rule || !rule.Takes(pc, address, count))
        {
            return false;
        }

        if (rule.IsUsedUp)
        {
            Drop(rule);
        }

        return true;
    }

    /// <summary>Writes a line.</summary>
    internal void WriteLine(string line) => Write(writer => writer.WriteLine(line));

    /// <summary>Cores that have nothing more to show run as ever again.</summary>
    private void Drop(LogRule rule)
    {
        lock (_rulesGate)
        {
            Use([.. _rules.Select(other => other == rule ? null : other)]);
        }
    }

    private void Use(LogRule?[] table)
    {
        _rules = table;
        _isOn = Array.Exists(table, rule => rule != null);
    }

    private void Write(Action<TextWriter> write)
    {
        lock (_gate)
        {
            if (_isBroken)
            {
                return;
            }

            try
            {
                write(_output);
            }
            catch (IOException e)
            {
                _isBroken = true;
                _failed(e.Message);
            }
        }
    }
}
