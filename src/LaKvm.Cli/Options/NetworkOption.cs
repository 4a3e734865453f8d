using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LaKvm.Backends;
using LaKvm.Devices;

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
    /// <exception cref="UserErrorException">It has another form, a host has no address, or the two are of different
    /// kinds.</exception>
    internal static NetworkOption Parse(string text)
    {
        string[] parts = text.Split(',');
        return parts switch
        {
            [var remote] when remote.StartsWith("tcp=", StringComparison.Ordinal) => new(EndPoint(remote[4..]), null),
            [var remote, var local] when remote.StartsWith("udp=", StringComparison.Ordinal)
                && local.StartsWith("local=", StringComparison.Ordinal) =>
                OfOneKind(EndPoint(remote[4..]), EndPoint(local[6..])),
            _ => throw new UserErrorException($"--netdev: '{text}' is not of the form {Syntax}.", ExitCode.Usage),
        };
    }

    /// <summary>Connects to the network.</summary>
    /// <param name="stop">Ends the wait for a peer that does not answer.</param>
    /// <exception cref="UserErrorException">There is no such peer, or the local address cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    internal INetworkBackend Connect(CancellationToken stop)
    {
        try
        {
            return Local == null ? StreamNetwork.Connect(Remote, stop) : new DatagramNetwork(Local, Remote);
        }
        catch (SocketException e)
        {
            throw new UserErrorException(Local == null
                ? $"--netdev: {Remote} cannot be connected: {e.Message}."
                : $"--netdev: the local address {Local} cannot be used: {e.Message}.");
        }
    }

    private static NetworkOption OfOneKind(IPEndPoint remote, IPEndPoint local) =>
        remote.AddressFamily == local.AddressFamily
        ? new NetworkOption(remote, local)
        : throw new UserErrorException(
        $"--netdev: {remote} cannot be reached from {local}: one is IPv4, the other IPv6.", ExitCode.Usage);

    private static IPEndPoint EndPoint(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new UserErrorException($"--netdev: '{text}' is not HOST:PORT.", ExitCode.Usage);
        }

        string host = text[..colon];
        try
        {
            IPAddress address = IPAddress.TryParse(host, out IPAddress? literal)
                ? literal
                : Dns.GetHostAddresses(host)[0];
            return new IPEndPoint(address, port);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"--netdev: '{host}' has no address: {e.Message}");
        }
    }
}
