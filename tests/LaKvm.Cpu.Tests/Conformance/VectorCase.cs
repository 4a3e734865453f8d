using System.Globalization;
using System.IO.Compression;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>One line of a vector file.</summary>
internal sealed class VectorCase
{
    /// <summary>Parses a line "word[+word] inputs = changes".</summary>
    public VectorCase(string line)
    {
        Line = line;
        string[] tokens = line.Split(' ');
        Code = [.. tokens[0].Split('+')
            .Select(word => uint.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        int middle = Array.IndexOf(tokens, "=");
        foreach (string token in tokens[1..middle])
        {
            Before.Set(token);
        }

        string[] changes = tokens[(middle + 1)..];
        After = new MachineImage(Before);
        if (!Array.Exists(changes, change => change.StartsWith("trap=", StringComparison.Ordinal)))
        {
            After.Pc += 4 * (ulong)Code.Length;
        }

        foreach (string change in changes)
        {
            After.Set(change);
        }
    }

    private VectorCase(VectorCase other, MachineImage after)
    {
        Line = other.Line;
        Code = other.Code;
        Before = other.Before;
        After = after;
    }

    public string Line { get; }

    public uint[] Code { get; }

    public MachineImage Before { get; } = new();

    public MachineImage After { get; }

    /// <summary>The same case with another outcome.</summary>
    public VectorCase With(MachineImage after) => new(this, after);
}

/// <summary>The vector files, by mnemonic.</summary>
internal static class VectorFiles
{
    /// <summary>Mnemonics in the order of the files, and their lines.</summary>
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Lines = Read();

    private static Dictionary<string, IReadOnlyList<string>> Read()
    {
        Dictionary<string, IReadOnlyList<string>> result = [];
        List<string> lines = [];
        string directory = Path.Combine(AppContext.BaseDirectory, "Vectors");
        foreach (string line in Directory.GetFiles(directory, "*.txt*").Order().SelectMany(ReadLines))
        {
            if (line.StartsWith(": ", StringComparison.Ordinal))
            {
                result.Add(line[2..], lines = []);
            }
            else if (!line.StartsWith('#'))
            {
                lines.Add(line);
            }
        }

        return result;
    }

    private static IEnumerable<string> ReadLines(string path)
    {
        using Stream file = File.OpenRead(path);
        using Stream text = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress) : file;
        using StreamReader reader = new(text);
        while (reader.ReadLine() is string line)
        {
            yield return line;
        }
    }
}
