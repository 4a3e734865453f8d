using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LaKvm.Machine;

namespace LaKvm.Cli;

/// <summary>
/// One <c>--netdev</c>: frames over UDP (<c>udp=HOST:PORT,local=HOST:PORT</c>) or over a TCP connection
/// (<c>tcp=HOST:PORT</c>), in the formats of QEMU's socket networks.
/// </summary>
/// <param name="Remote">The peer.</param>
/// <param name="Local">Where frames come in over UDP; null for TCP.</param>
internal sealed record NetworkOption(IPEndPoint Remote, IPEndPoint? Local)
{
    private const string Syntax = "udp=HOST:PORT,local=HOST:PORT or tcp=HOST:PORT";

    /// <summary>Parses the option's value.</summary>
    /// <exception cref="UserErrorException">It has another form, or a host has no address.</exception>
    internal static NetworkOption Parse(string text)
    {
        string[] parts = text.Split(',');
        return parts switch
        {
            [var remote] when remote.StartsWith("tcp=", StringComparison.Ordinal) => new(EndPoint(remote[4..]), null),
            [var remote, var local] when remote.StartsWith("udp=", StringComparison.Ordinal)
                && local.StartsWith("local=", StringComparison.Ordinal) => new(EndPoint(remote[4..]), EndPoint(local[6..])),
            _ => throw new UserErrorException($"--netdev: '{text}' is not of the form {Syntax}.", ExitCode.Usage),
        };
    }

    /// <summary>Connects to the network.</summary>
    /// <exception cref="UserErrorException">The peer does not answer, or the local port is taken.</exception>
    internal INetworkBackend Connect()
    {
        try
        {
            return Local == null ? StreamNetwork.Connect(Remote) : new DatagramNetwork(Local, Remote);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"--netdev: {Remote} cannot be connected: {e.Message}");
        }
    }

    private static IPEndPoint EndPoint(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new UserErrorException($"--netdev: '{text}' is not HOST:PORT.", ExitCode.Usage);
        }

        string host = text[..colon];
        try
        {
            IPAddress address = IPAddress.TryParse(host, out IPAddress? literal) ? literal : Dns.GetHostAddresses(host)[0];
            return new IPEndPoint(address, port);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"--netdev: '{host}' has no address: {e.Message}");
        }
    }
}
