using System.Text.Json;

namespace LaKvm.Control;

/// <summary>A request: its command, its arguments, and what the client tells its replies apart by.</summary>
/// <param name="Command">Name of the command.</param>
/// <param name="Arguments">An object, or undefined without arguments.</param>
internal readonly record struct QmpRequest(string Command, JsonElement Arguments)
{
    /// <summary>Reads a request.</summary>
    /// <exception cref="QmpError">It is none.</exception>
    internal static QmpRequest Parse(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw QmpError.Generic("a request is a JSON object");
        }

        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (member.Name is not ("execute" or "arguments" or "id"))
            {
                throw QmpError.Generic($"a request has no member '{member.Name}'");
            }
        }

        if (!value.TryGetProperty("execute", out JsonElement name) || name.ValueKind != JsonValueKind.String)
        {
            throw QmpError.Generic("a request names its command in 'execute'");
        }

        if (value.TryGetProperty("arguments", out JsonElement arguments)
            && arguments.ValueKind != JsonValueKind.Object)
        {
            throw QmpError.Generic("'arguments' is a JSON object");
        }

        return new QmpRequest(name.GetString()!, arguments);
    }

    /// <summary>What replies to a request carry; undefined if that is nothing.</summary>
    internal static JsonElement IdOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("id", out JsonElement id) ? id : default;
}
