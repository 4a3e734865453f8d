using System.Net;

namespace LaKvm.Web;

/// <summary>What a web server serves, and where.</summary>
/// <param name="At">An <see cref="IPEndPoint"/> or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>.</param>
/// <param name="HasPage">Whether it has the page for people, beside the interface for programs.</param>
/// <param name="Token">What clients have to show; null where only this computer's can come.</param>
public sealed record WebOptions(EndPoint At, bool HasPage, string? Token)
{
    /// <summary>Whether only clients of this computer reach an address.</summary>
    public static bool IsLocal(EndPoint at) => at is not IPEndPoint internet || IPAddress.IsLoopback(internet.Address);
}
