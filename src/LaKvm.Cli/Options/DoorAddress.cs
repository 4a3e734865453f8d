using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LaKvm.Debugger;

namespace LaKvm.Cli;

/// <summary>A place where clients come in, for one of the options that open doors.</summary>
/// <param name="Option">The option, for messages.</param>
/// <param name="At">An <see cref="IPEndPoint"/> or a <see cref="UnixDomainSocketEndPoint"/>.</param>
internal sealed record DoorAddress(string Option, EndPoint At)
{
    internal const string Syntax = "[HOST:]PORT|unix:PATH";

    private const string UnixPrefix = "unix:";

    /// <summary>Reads an address; without a host it is the loopback interface's.</summary>
    /// <exception cref="UserErrorException">It has another form, or the host has no address.</exception>
    internal static DoorAddress Parse(string option, string text)
    {
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            return new(option, Unix(option, text[UnixPrefix.Length..]));
        }

        int colon = text.LastIndexOf(':');
        if (!ushort.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new UserErrorException($"{option}: '{text}' is not {Syntax}.", ExitCode.Usage);
        }

        return new(option, new IPEndPoint(colon <= 0 ? IPAddress.Loopback : Address(option, text[..colon]), port));
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="UserErrorException">Nobody can listen there.</exception>
    internal ListeningSocket Listen()
    {
        try
        {
            return ListeningSocket.Listen(At);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{Option}: nobody can listen on {At}: {e.Message}.");
        }
    }

    private static UnixDomainSocketEndPoint Unix(string option, string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException)
        {
            throw new UserErrorException($"{option}: '{path}' is no path that a socket can have.", ExitCode.Usage);
        }
    }

    private static IPAddress Address(string option, string host)
    {
        try
        {
            return IPAddress.TryParse(host, out IPAddress? literal) ? literal : Dns.GetHostAddresses(host)[0];
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{option}: '{host}' has no address: {e.Message}");
        }
    }
}
