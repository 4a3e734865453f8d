using System.Globalization;
using System.Text.RegularExpressions;

namespace LaKvm.Isa.Generator;

/// <summary>Reads the table files. Their format is described in docs/isa.md.</summary>
internal static partial class TableReader
{
    /// <summary>The table files in the order of the opcodes: scalar rows first and contiguous.</summary>
    private static readonly string[] Files =
        ["base.txt", "fp.txt", "privileged.txt", "lvz.txt", "lsx.txt", "lasx.txt", "lbt.txt"];

    private static readonly Dictionary<string, int> Slots =
        new() { ["d"] = 0, ["j"] = 5, ["k"] = 10, ["a"] = 15, ["m"] = 16, ["n"] = 18 };

    private static readonly Dictionary<string, (OperandKind Kind, int Width)> Registers = new()
    {
        ["r"] = (OperandKind.Gpr, 5),
        ["f"] = (OperandKind.Fpr, 5),
        ["c"] = (OperandKind.Fcc, 3),
        ["fcsr"] = (OperandKind.Fcsr, 2),
        ["scr"] = (OperandKind.Scr, 2),
        ["v"] = (OperandKind.Vr, 5),
        ["x"] = (OperandKind.Xr, 5),
        ["o"] = (OperandKind.Code, 5),
    };

    /// <summary>Reads all rows of a table directory; a malformed line throws <see cref="FormatException"/>.</summary>
    public static List<Row> Read(string directory) =>
        Files.SelectMany(file => ReadFile(Path.Combine(directory, file))).ToList();

    private static IEnumerable<Row> ReadFile(string path)
    {
        List<string> common = [];
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '%')
            {
                common.AddRange(line[1..].Split(' ').SelectMany(ParseAttribute));
                continue;
            }

            yield return ParseRow(line, common)
                ?? throw new FormatException($"{path}({number}): not a table row: {line}");
        }
    }

    private static Row? ParseRow(string line, List<string> common)
    {
        string[] columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (columns.Length < 3 || !uint.TryParse(columns[0], NumberStyles.HexNumber, null, out uint word))
        {
            return null;
        }

        string syntax = columns[2] == "-" ? "" : columns[2];
        Operand?[] operands = syntax.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ParseOperand).ToArray();
        if (operands.Contains(null) || operands.Any(operand => (word & operand!.Value.Mask) != 0))
        {
            return null;
        }

        List<string> attributes = columns[3..].ToList();
        string? semantic = attributes.Find(attribute => attribute[0] == '=');
        attributes.RemoveAll(attribute => attribute[0] == '=');
        Semantic? parsed = semantic == null ? null : Semantic.Parse(semantic[1..]);
        return semantic != null && parsed == null ? null
            : MakeRow(word, columns[1], syntax, operands.Select(operand => operand!.Value).ToArray(), common,
            attributes, parsed);
    }

    private static Row MakeRow(
        uint word, string mnemonic, string syntax, Operand[] operands, List<string> common, List<string> attributes,
        Semantic? semantic)
    {
        bool reads = attributes.Remove("reads-rd"), updates = attributes.Remove("updates-rd");
        int slots = operands.Where(operand => operand.Kind == OperandKind.Gpr)
            .Aggregate(0, (all, operand) => all | 1 << (operand.Shift / 5));
        int writes = reads ? 0 : slots & 1;

        // A function of an old rd that is r0 may read the sink slot: its result is dropped.
        bool dropsR0 = writes != 0 && (!updates || semantic is { Function.Length: > 0 });
        bool clearsUpper = syntax.StartsWith("vd,", StringComparison.Ordinal) && !attributes.Remove("keeps-upper")
            && !attributes.Exists(attribute => attribute.StartsWith("store", StringComparison.Ordinal));
        bool computes = writes != 0 && semantic is { Function.Length: > 0 };
        bool loadsWord = writes != 0 && semantic?.CellType is "i8" or "u8" or "i16" or "u16" or "i32";
        return new Row
        {
            Word = word,
            Mnemonic = mnemonic,
            Syntax = syntax,
            Operands = operands,
            Semantic = semantic,
            GprReads = reads || updates ? slots : slots & ~1,
            GprWrites = writes,
            Flags =
            [
                .. common, .. attributes.SelectMany(ParseAttribute), .. Implied(dropsR0, "DropsR0"),
                .. Implied(clearsUpper, "ClearsUpper"), .. Implied(computes, "Computes"),
                .. Implied(loadsWord, "WordResult"),
            ],
        };
    }

    private static IEnumerable<string> Implied(bool holds, string flag) => holds ? [flag] : [];

    /// <summary>"load:4" names the members Load and Size4, "rd-not-rj" the member RdNotRj.</summary>
    private static IEnumerable<string> ParseAttribute(string attribute)
    {
        string[] parts = attribute.Split(':');
        yield return string.Concat(parts[0].Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
        if (parts.Length == 2)
        {
            yield return "Size" + parts[1];
        }
    }

    private static Operand? ParseOperand(string token)
    {
        if (RegisterToken().Match(token) is { Success: true } register)
        {
            (OperandKind kind, int width) = Registers[register.Groups[1].Value];
            return new Operand(kind, Slots[register.Groups[2].Value], width, 0, 0, 0, 0);
        }

        Match match = ImmediateToken().Match(token);
        if (!match.Success)
        {
            return null;
        }

        OperandKind sign = match.Groups["sign"].Value == "s" ? OperandKind.Signed : OperandKind.Unsigned;
        (int shift, int bits) = Field(match, "low");
        (int highShift, int highBits) = match.Groups["high"].Success ? Field(match, "high") : (0, 0);
        return new Operand(sign, shift, bits, highShift, highBits, Number(match, "scale"), Number(match, "bias"));
    }

    private static (int Shift, int Width) Field(Match match, string group)
    {
        string text = match.Groups[group].Value;
        return (Slots[text[..1]], int.Parse(text[1..], CultureInfo.InvariantCulture));
    }

    private static int Number(Match match, string group) =>
        match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex("^(r|f|c|fcsr|scr|v|x|o)([djka])$")]
    private static partial Regex RegisterToken();

    [GeneratedRegex(@"^(?<sign>[su])(?<high>[djkamn]\d+)?(?<low>[djkamn]\d+)(<<(?<scale>\d))?(\+(?<bias>1))?$")]
    private static partial Regex ImmediateToken();
}
