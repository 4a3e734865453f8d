using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LaKvm.Web;

/// <summary>Something that can be asked for: what is routed, and what the description says of it.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Path">Where.</param>
/// <param name="Summary">What it is for.</param>
/// <param name="Handle">Answers.</param>
internal sealed record Endpoint(string Method, string Path, string Summary, RequestDelegate Handle)
{
    /// <summary>Media type of the answer.</summary>
    internal string Type { get; init; } = Answer.Json;

    /// <summary>
    /// Members of the request's body, with what they are; those with a question mark may be left out.
    /// </summary>
    internal (string Name, string Type, string Purpose)[] Body { get; init; } = [];
}

/// <summary>All that can be asked for, once: routes and OpenAPI's description come from it.</summary>
internal sealed class EndpointTable
{
    private readonly List<Endpoint> _endpoints = [];

    /// <summary>Makes the table.</summary>
    internal static EndpointTable Create(WebMachine machine, bool hasPage)
    {
        var table = new EndpointTable();
        MachineEndpoints.AddTo(table._endpoints, machine.Desk);
        StatisticsEndpoints.AddTo(table._endpoints, machine);
        StreamEndpoints.AddTo(table._endpoints, machine);
        table._endpoints.Add(new("GET", "/openapi.json", "this description",
            context => Answer.JsonAsync(context, OpenApi.Describe(table._endpoints))));
        if (hasPage)
        {
            PageEndpoints.AddTo(table._endpoints);
        }

        return table;
    }

    /// <summary>
    /// Whether everybody may have it: the page itself holds no secret, and asks its reader for the token.
    /// </summary>
    internal static bool IsPublic(PathString path) => path == "/" || path.StartsWithSegments("/page");

    /// <summary>Routes it all.</summary>
    internal void MapTo(WebApplication application)
    {
        foreach (Endpoint endpoint in _endpoints)
        {
            application.MapMethods(endpoint.Path, [endpoint.Method], endpoint.Handle);
        }

        application.MapFallback(context => Answer.ErrorAsync(
            context, StatusCodes.Status404NotFound, "nothing is here; /openapi.json says what there is"));
    }
}

/// <summary>The interface's description for programs, in OpenAPI 3.1.</summary>
internal static class OpenApi
{
    internal static JsonObject Describe(IEnumerable<Endpoint> endpoints)
    {
        var paths = new JsonObject();
        foreach (IGrouping<string, Endpoint> place in endpoints
            .Where(endpoint => !EndpointTable.IsPublic(endpoint.Path)).GroupBy(endpoint => endpoint.Path))
        {
            paths[place.Key] = new JsonObject(place.Select(endpoint =>
                KeyValuePair.Create<string, JsonNode?>(endpoint.Method.ToLowerInvariant(), Operation(endpoint))));
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "LaKvm",
                ["version"] = typeof(OpenApi).Assembly.GetName().Version!.ToString(3),
                ["description"] = "A machine that runs, from outside.",
            },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
            },
            ["security"] = new JsonArray(new JsonObject(), new JsonObject { ["token"] = new JsonArray() }),
        };
    }

    private static JsonObject Operation(Endpoint endpoint)
    {
        var operation = new JsonObject
        {
            ["summary"] = endpoint.Summary,
            ["operationId"] = endpoint.Method.ToLowerInvariant()
                + endpoint.Path.Replace("/api/v1", "").Replace('/', '_').Replace('-', '_').Replace('.', '_'),
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "done",
                    ["content"] = new JsonObject { [endpoint.Type] = new JsonObject() },
                },
                ["default"] = new JsonObject { ["description"] = "not done; 'error' says why" },
            },
        };
        if (endpoint.Body.Length > 0)
        {
            operation["requestBody"] = Body(endpoint);
        }

        return operation;
    }

    private static JsonObject Body(Endpoint endpoint) => new()
    {
        ["required"] = true,
        ["content"] = new JsonObject
        {
            [Answer.Json] = new JsonObject
            {
                ["schema"] = new JsonObject
                {
                    ["type"] = "object",
                    ["required"] = new JsonArray([.. endpoint.Body.Where(member => !member.Name.EndsWith('?'))
                        .Select(member => JsonValue.Create(member.Name))]),
                    ["properties"] = new JsonObject(endpoint.Body.Select(member =>
                        KeyValuePair.Create<string, JsonNode?>(member.Name.TrimEnd('?'), new JsonObject
                        {
                            ["type"] = member.Type,
                            ["description"] = member.Purpose,
                        }))),
                },
            },
        },
    };
}
