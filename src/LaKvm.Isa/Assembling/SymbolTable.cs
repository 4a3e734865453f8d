namespace LaKvm.Isa.Assembling;

/// <summary>A number in assembly source; an address when it comes from a label.</summary>
internal readonly record struct Value(long Number, bool IsAddress);

/// <summary>Labels and constants, over two passes: the first defines them, the second must find the same.</summary>
internal sealed class SymbolTable
{
    private readonly Dictionary<string, Value> _symbols = [];
    private readonly HashSet<string> _defined = [];
    private readonly Dictionary<string, List<Value>> _local = [];
    private readonly Dictionary<string, int> _localSeen = [];

    private bool IsSecondPass { get; set; }

    /// <summary>Starts again at the top of the source, with the symbols known.</summary>
    public void StartSecondPass()
    {
        IsSecondPass = true;
        _defined.Clear();
        _localSeen.Clear();
    }

    /// <summary>Defines a label; one that is only digits may be defined often and is found as 1b or 1f.</summary>
    public void DefineLabel(string name, Value value)
    {
        if (name.All(char.IsAsciiDigit))
        {
            DefineLocal(name, value);
        }
        else
        {
            Define(name, value);
        }
    }

    /// <summary>Defines a symbol, which must be new.</summary>
    public void Define(string name, Value value)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(SourceReader.IsSymbolCharacter))
        {
            throw new AssemblyException($"'{name}' cannot be a symbol");
        }

        if (!_defined.Add(name))
        {
            throw new AssemblyException($"'{name}' is already defined");
        }

        if (IsSecondPass && _symbols.TryGetValue(name, out Value first) && first != value)
        {
            throw new AssemblyException($"'{name}' depends on a symbol that is defined later");
        }

        _symbols[name] = value;
    }

    /// <summary>Finds a symbol; the first pass guesses <paramref name="here"/> for one not defined yet.</summary>
    public Value Find(string name, long here)
    {
        if (FindLocal(name) is { } local || _symbols.TryGetValue(name, out local))
        {
            return local;
        }

        return IsSecondPass ? throw new AssemblyException($"'{name}' is not defined") : new Value(here, true);
    }

    /// <summary>The named symbols.</summary>
    public IReadOnlyDictionary<string, ulong> All() =>
        _symbols.ToDictionary(symbol => symbol.Key, symbol => (ulong)symbol.Value.Number);

    private void DefineLocal(string name, Value value)
    {
        _localSeen[name] = _localSeen.GetValueOrDefault(name) + 1;
        if (!IsSecondPass)
        {
            _local.TryAdd(name, []);
            _local[name].Add(value);
        }
    }

    /// <summary>"1b" is the last label 1 before this point, "1f" the next one after it.</summary>
    private Value? FindLocal(string name)
    {
        string label = name[..^1];
        if (label.Length == 0 || name[^1] is not ('b' or 'f') || !_local.TryGetValue(label, out List<Value>? values))
        {
            return null;
        }

        int index = _localSeen.GetValueOrDefault(label) - (name[^1] == 'b' ? 1 : 0);
        return index >= 0 && index < values.Count ? values[index] : null;
    }
}
