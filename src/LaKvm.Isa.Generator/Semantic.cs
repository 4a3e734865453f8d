using System.Text.RegularExpressions;

namespace LaKvm.Isa.Generator;

/// <summary>What a row does, as its table line says behind '=': a form, and its parts (docs/isa.md).</summary>
internal sealed partial record Semantic
{
    /// <summary>The text behind '='.</summary>
    public required string Text { get; init; }

    /// <summary>Function of the result that rd gets, and its arguments; empty for another form.</summary>
    public string Function { get; private init; } = "";

    /// <summary>Arguments of <see cref="Function"/>.</summary>
    public string[] Arguments { get; private init; } = [];

    /// <summary>Type of the memory cell that the row loads or stores, e.g. i8; empty for another form.</summary>
    public string CellType { get; private init; } = "";

    /// <summary>Address of the cell: rj+imm or rj+rk.</summary>
    public string Address { get; private init; } = "";

    /// <summary>The condition under which the row branches; empty for another form.</summary>
    public string Condition { get; private init; } = "";

    /// <summary>Parses the text behind '='; null if it has none of the forms.</summary>
    public static Semantic? Parse(string text)
    {
        if (CellForm().Match(text) is { Success: true } cell)
        {
            return new() { Text = text, CellType = cell.Groups[1].Value, Address = cell.Groups[2].Value };
        }

        if (ConditionForm().Match(text) is { Success: true } condition)
        {
            return new() { Text = text, Condition = condition.Groups[1].Value };
        }

        return FunctionForm().Match(text) is { Success: true } function
            ? new() { Text = text, Function = function.Groups[1].Value,
            Arguments = function.Groups[2].Value.Split(',') }
            : null;
    }

    /// <summary>
    /// The function's call, or the condition or address, in C#, with operands as <paramref name="operands"/> has them.
    /// </summary>
    public string Expand(IReadOnlyDictionary<string, string> operands)
    {
        string expression = Function.Length > 0 ? $"{Function}({string.Join(", ", Arguments)})" : Condition + Address;
        string spaced = Comparison().Replace(expression, " $0 ");
        return Name().Replace(spaced, match => operands.GetValueOrDefault(match.Value, match.Value));
    }

    [GeneratedRegex(@"^([iuf]\d+)\[(rj\+(?:imm|rk))\]$")]
    private static partial Regex CellForm();

    [GeneratedRegex(@"^if\((.+)\)$")]
    private static partial Regex ConditionForm();

    [GeneratedRegex(@"^(\w+)\(([\w,]+)\)$")]
    private static partial Regex FunctionForm();

    [GeneratedRegex(@"[=!<>]=|[<>+]")]
    private static partial Regex Comparison();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Name();
}
