using Microsoft.AspNetCore.Http;

namespace LaKvm.Web;

/// <summary>The page for people, from the program's own resources: nothing is loaded from anywhere else.</summary>
internal static class PageEndpoints
{
    private const string Prefix = "page/";

    private static readonly Dictionary<string, string> _types = new()
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    internal static void AddTo(List<Endpoint> endpoints)
    {
        endpoints.Add(new("GET", "/", "the page", context => SendAsync(context, "index.html")));
        endpoints.Add(new("GET", "/page/{name}", "its parts",
            context => SendAsync(context, (string)context.Request.RouteValues["name"]!)));
    }

    private static async Task SendAsync(HttpContext context, string name)
    {
        await using Stream? part = typeof(PageEndpoints).Assembly.GetManifestResourceStream(Prefix + name);
        if (part == null || !_types.TryGetValue(Path.GetExtension(name), out string? type))
        {
            await Answer.ErrorAsync(context, StatusCodes.Status404NotFound, $"the page has no part '{name}'");
            return;
        }

        context.Response.ContentType = type;
        await part.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
