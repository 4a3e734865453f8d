using System.Text.Json;
using System.Text.Json.Nodes;

namespace LaKvm.Control;

/// <summary>A command of QMP.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Execute">Does it; null means that there is nothing to tell.</param>
/// <param name="Parameters">What it takes.</param>
internal sealed record QmpCommand(
    string Name, Func<QmpArguments, JsonNode?> Execute, params QmpParameter[] Parameters);

/// <summary>A parameter of a command.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The schema's type: str, int, bool.</param>
/// <param name="IsOptional">Whether it may be left out.</param>
internal sealed record QmpParameter(string Name, string Type, bool IsOptional = false);

/// <summary>The arguments of a request, as its command wants them.</summary>
internal sealed class QmpArguments
{
    private readonly JsonElement _values;

    /// <summary>Checks arguments.</summary>
    /// <exception cref="QmpError">One is missing, unknown, or of another type.</exception>
    internal QmpArguments(QmpCommand command, JsonElement values)
    {
        _values = values;
        foreach (QmpParameter parameter in command.Parameters)
        {
            Check(parameter);
        }

        if (values.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty value in values.EnumerateObject())
            {
                if (!Array.Exists(command.Parameters, parameter => parameter.Name == value.Name))
                {
                    throw QmpError.Generic($"{command.Name} has no parameter '{value.Name}'");
                }
            }
        }
    }

    /// <summary>A text.</summary>
    internal string Text(string name) => Find(name) is { } value ? value.GetString()! : "";

    /// <summary>A number, or another value where none was given.</summary>
    internal int Number(string name, int usual) => Find(name) is { } value ? value.GetInt32() : usual;

    private JsonElement? Find(string name) =>
        _values.ValueKind == JsonValueKind.Object && _values.TryGetProperty(name, out JsonElement value) ? value : null;

    private void Check(QmpParameter parameter)
    {
        if (Find(parameter.Name) is not { } value)
        {
            _ = parameter.IsOptional ? true : throw QmpError.Generic($"the parameter '{parameter.Name}' is missing");
            return;
        }

        bool fits = parameter.Type switch
        {
            "str" => value.ValueKind == JsonValueKind.String,
            "int" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
            "bool" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            _ => true,
        };
        if (!fits)
        {
            throw QmpError.Generic($"the parameter '{parameter.Name}' is no {parameter.Type}");
        }
    }
}
