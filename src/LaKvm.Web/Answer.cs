using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LaKvm.Web;

/// <summary>Writes answers.</summary>
internal static class Answer
{
    internal const string Json = "application/json";

    /// <summary>A JSON text.</summary>
    internal static Task JsonAsync(HttpContext context, JsonNode node) => TextAsync(context, Json, node.ToJsonString());

    /// <summary>Why something is not done.</summary>
    internal static Task ErrorAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        return JsonAsync(context, new JsonObject { ["error"] = reason });
    }

    /// <summary>A text of a type.</summary>
    internal static Task TextAsync(HttpContext context, string type, string text)
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
