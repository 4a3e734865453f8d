using System.Net;
using System.Security.Cryptography;
using System.Text;
using LaKvm.Debugger;
using LaKvm.Linux;
using LaKvm.Web;

namespace LaKvm.Cli;

/// <summary>Opens the machine to HTTP, and tells the user where it is.</summary>
internal static class HttpDoor
{
    /// <summary>What other computers have to show, if the user has a wish.</summary>
    private const string TokenVariable = "LAKVM_TOKEN";

    /// <summary>Begins to serve.</summary>
    /// <exception cref="UserErrorException">Nobody can listen there.</exception>
    internal static IDisposable Open(DoorAddress door, WebMachine machine, bool hasPage)
    {
        string? token = WebOptions.IsLocal(door.At) ? null
            : Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } wish ? wish
            : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        try
        {
            ListeningSocket.DeleteStale(door.At);
            WebServer server = WebServer.Start(new WebOptions(door.At, hasPage, token), machine);
            Tell(door.At, server.Address, hasPage, token);
            return server;
        }
        catch (IOException e)
        {
            throw new UserErrorException($"{door.Option}: nobody can listen on {door.At}: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>Whoever asks for a page needs its address, and whoever needs a token the token.</summary>
    private static void Tell(EndPoint at, string address, bool hasPage, string? token)
    {
        string text = (hasPage, token) switch
        {
            (true, null) => $"lakvm: the page is {address}\n",
            (true, _) => $"lakvm: the page is {address}/#token={token}\n",
            (false, null) when at is IPEndPoint { Port: 0 } => $"lakvm: HTTP at {address}\n",
            (false, null) => "",
            _ => $"lakvm: HTTP at {address}, token {token}\n",
        };
        _ = FileCalls.WriteAll(FileCalls.StandardError, Encoding.UTF8.GetBytes(text));
    }
}
