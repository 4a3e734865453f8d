using System.Text;

namespace LaKvm.Cli;

/// <summary>
/// A line that is typed at a terminal in raw mode: what is shown for each key, and the line at its end.
/// </summary>
internal sealed class LineEditor
{
    private const int MostBytes = 1024, MostLines = 100;
    private const byte Escape = 0x1b;

    private readonly List<byte> _line = [];
    private readonly List<string> _history = [];
    private int _shown;
    private string _sequence = "";
    private bool _inSequence;

    /// <summary>Takes a key.</summary>
    /// <param name="key">A byte of what the terminal sends for it.</param>
    /// <param name="echo">What is to be shown.</param>
    /// <returns>The line, if the key has ended it.</returns>
    internal string? Type(byte key, out string echo)
    {
        echo = "";
        if (_inSequence)
        {
            echo = TypeInSequence(key);
            return null;
        }

        switch (key)
        {
            case (byte)'\r' or (byte)'\n':
                echo = "\n";
                return Finish();
            case 0x7f or 0x08:
                echo = Erase();
                break;
            case 0x15 or 0x03: // Ctrl-U, Ctrl-C
                echo = EraseAll();
                break;
            case Escape:
                (_inSequence, _sequence) = (true, "");
                break;
            case >= 0x20 when _line.Count < MostBytes:
                _line.Add(key);
                echo = key < 0x80 ? $"{(char)key}" : "";
                break;
        }

        return null;
    }

    private string Finish()
    {
        string line = Encoding.UTF8.GetString([.. _line]);
        if (line.Length > 0 && (_history.Count == 0 || _history[^1] != line))
        {
            _history.Add(line);
            _history.RemoveRange(0, Math.Max(0, _history.Count - MostLines));
        }

        _line.Clear();
        _shown = _history.Count;
        return line;
    }

    /// <summary>Keys up and down are ESC [ A and ESC [ B; others mean nothing here.</summary>
    private string TypeInSequence(byte key)
    {
        _sequence += (char)key;
        _inSequence = _sequence.Length == 1 ? key is (byte)'[' or (byte)'O' : key is < 0x40 or > 0x7e;
        return _sequence switch
        {
            "[A" or "OA" => Recall(_shown - 1),
            "[B" or "OB" => Recall(_shown + 1),
            _ => "",
        };
    }

    private string Recall(int index)
    {
        if (index < 0 || index > _history.Count)
        {
            return "";
        }

        _shown = index;
        string echo = EraseAll();
        string line = index == _history.Count ? "" : _history[index];
        _line.AddRange(Encoding.UTF8.GetBytes(line));
        return echo + line;
    }

    private string Erase()
    {
        if (_line.Count == 0)
        {
            return "";
        }

        bool isShown = _line[^1] < 0x80;
        _line.RemoveAt(_line.Count - 1);
        return isShown ? "\b \b" : "";
    }

    private string EraseAll()
    {
        string echo = "";
        while (_line.Count > 0)
        {
            echo += Erase();
        }

        return echo;
    }
}
