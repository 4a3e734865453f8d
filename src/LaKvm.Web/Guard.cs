using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LaKvm.Web;

/// <summary>
/// Who may come in. Other computers show a token. A browser on this one may have been led here by somebody's page, so
/// the name that it has asked for must be this computer's own, and a page that sends something must be ours.
/// </summary>
/// <param name="options">What is served, and where.</param>
internal sealed class Guard(WebOptions options)
{
    private const string Bearer = "Bearer ";

    private readonly bool _isInternet = options.At is IPEndPoint;

    internal Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        if (_isInternet && options.Token == null && !IsLocalName(request.Host.Host))
        {
            return RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, "this is not the host you asked for");
        }

        if (request.Headers.Origin is [{ } origin, ..] && !IsOurs(origin, request.Host))
        {
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "another site's page may not ask for this");
        }

        if (options.Token is { } token && !EndpointTable.IsPublic(request.Path) && !Shows(request, token))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return RefuseAsync(context, StatusCodes.Status401Unauthorized, "a token is missing, or wrong");
        }

        context.Response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        context.Response.Headers[HeaderNames.ContentSecurityPolicy] = "default-src 'self'; style-src 'self' "
            + "'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'none'";
        return next(context);
    }

    private static bool IsLocalName(string host) => host is "localhost" or "127.0.0.1" or "[::1]" or "::1"
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static bool IsOurs(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Authority == host.Value;

    /// <summary>In the header; or, since browsers give a WebSocket no header, in the address.</summary>
    private static bool Shows(HttpRequest request, string token)
    {
        string? header = request.Headers.Authorization;
        string? shown = header?.StartsWith(Bearer, StringComparison.Ordinal) == true ? header[Bearer.Length..]
            : request.Headers.Upgrade == "websocket" ? request.Query["token"].ToString()
            : null;
        return shown != null
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(shown), Encoding.UTF8.GetBytes(token));
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason) =>
        Answer.ErrorAsync(context, status, reason);
}
