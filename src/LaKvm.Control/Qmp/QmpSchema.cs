using System.Text.Json.Nodes;

namespace LaKvm.Control;

/// <summary>query-qmp-schema: commands and events with their arguments; what they give is not described.</summary>
internal static class QmpSchema
{
    private static readonly (string Name, string[] Members)[] _events =
    [
        ("STOP", []), ("RESUME", []), ("POWERDOWN", []), ("RESET", ["guest", "reason"]),
        ("SHUTDOWN", ["guest", "reason"]),
    ];

    private static readonly Dictionary<string, string> _builtin = new()
    {
        ["str"] = "string", ["int"] = "int", ["bool"] = "boolean", ["any"] = "value",
    };

    internal static JsonArray Of(IEnumerable<QmpCommand> commands)
    {
        List<JsonNode> schema = [.. _builtin.Select(type => BuiltinType(type.Key, type.Value))];
        foreach (QmpCommand command in commands)
        {
            schema.Add(ObjectType($"{command.Name}-arg", command.Parameters));
            schema.Add(new JsonObject
            {
                ["name"] = command.Name,
                ["meta-type"] = "command",
                ["arg-type"] = $"{command.Name}-arg",
                ["ret-type"] = "any",
            });
        }

        foreach ((string name, string[] members) in _events)
        {
            schema.Add(ObjectType($"{name}-arg",
                [.. members.Select(member => new QmpParameter(member, member == "guest" ? "bool" : "str"))]));
            schema.Add(new JsonObject { ["name"] = name, ["meta-type"] = "event", ["arg-type"] = $"{name}-arg" });
        }

        return new JsonArray([.. schema]);
    }

    private static JsonObject BuiltinType(string name, string json) => json == "value"
        ? new() { ["name"] = name, ["meta-type"] = "any" }
        : new() { ["name"] = name, ["meta-type"] = "builtin", ["json-type"] = json };

    private static JsonObject ObjectType(string name, QmpParameter[] members) => new()
    {
        ["name"] = name,
        ["meta-type"] = "object",
        ["members"] = new JsonArray([.. members.Select(Member)]),
    };

    private static JsonObject Member(QmpParameter parameter)
    {
        var member = new JsonObject { ["name"] = parameter.Name, ["type"] = parameter.Type };
        if (parameter.IsOptional)
        {
            member["default"] = null;
        }

        return member;
    }
}
