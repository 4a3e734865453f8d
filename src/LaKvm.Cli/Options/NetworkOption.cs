using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using LaKvm.Backends;
using LaKvm.Backends.UserNetwork;
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary>
/// One <c>--netdev</c>: a network of the guest's own behind this process's sockets (<c>user</c>), or one of QEMU's
/// socket kinds.
/// </summary>
internal abstract record NetworkOption
{
    internal const string Name = "--netdev";

    private const string Syntax =
        "user[,hostfwd=tcp|udp:[HOST]:PORT-[GUEST]:PORT]..., udp=HOST:PORT,local=HOST:PORT, tcp=HOST:PORT or none";

    /// <summary>The card's address; null leaves it open.</summary>
    internal PhysicalAddress? Mac { get; init; }

    /// <summary>Parses the option's value.</summary>
    /// <exception cref="UserErrorException">It has another form, a host has no address, or the two are of different
    /// kinds.</exception>
    internal static NetworkOption Parse(string text)
    {
        string[] parts = text.Split(',');
        return parts switch
        {
            ["none"] => new NoNetworkOption(),
            ["user", .. var words] => UserNetworkOption.Parse(words),
            [var remote] when remote.StartsWith("tcp=", StringComparison.Ordinal) =>
                new SocketNetworkOption(EndPoint(remote[4..]), null),
            [var remote, var local] when remote.StartsWith("udp=", StringComparison.Ordinal)
                && local.StartsWith("local=", StringComparison.Ordinal) =>
                SocketNetworkOption.OfOneKind(EndPoint(remote[4..]), EndPoint(local[6..])),
            _ => throw new UserErrorException($"{Name}: '{text}' is not of the form {Syntax}.", ExitCode.Usage),
        };
    }

    /// <summary>What it is, in a few words.</summary>
    internal abstract string Describe();

    /// <summary>Connects to the network.</summary>
    /// <param name="library">What user networks are made with, if there is any.</param>
    /// <param name="stop">Ends the wait for a peer that does not answer.</param>
    /// <exception cref="UserErrorException">There is no such peer, or the local address cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    internal abstract INetworkBackend Connect(SlirpLibrary? library, CancellationToken stop);

    private static IPEndPoint EndPoint(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture,
                out ushort port))
        {
            throw new UserErrorException($"{Name}: '{text}' is not HOST:PORT.", ExitCode.Usage);
        }

        string host = text[..colon];
        try
        {
            IPAddress address = IPAddress.TryParse(host, out IPAddress? literal) ? literal
                : Dns.GetHostAddresses(host)[0];
            return new IPEndPoint(address, port);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{Name}: '{host}' has no address: {e.Message}");
        }
    }
}

/// <summary><c>none</c>: not even the network that a guest has by default.</summary>
internal sealed record NoNetworkOption : NetworkOption
{
    /// <inheritdoc/>
    internal override string Describe() => "none";

    /// <inheritdoc/>
    internal override INetworkBackend Connect(SlirpLibrary? library, CancellationToken stop) =>
        throw new InvalidOperationException("There is no network.");
}

/// <summary>Frames over UDP or a TCP connection, in the formats of QEMU's socket networks.</summary>
/// <param name="Remote">The peer.</param>
/// <param name="Local">Where frames come in over UDP; null for TCP.</param>
internal sealed record SocketNetworkOption(IPEndPoint Remote, IPEndPoint? Local) : NetworkOption
{
    internal static NetworkOption OfOneKind(IPEndPoint remote, IPEndPoint local) =>
        remote.AddressFamily == local.AddressFamily
            ? new SocketNetworkOption(remote, local)
            : throw new UserErrorException(
                $"{Name}: {remote} cannot be reached from {local}: one is IPv4, the other IPv6.", ExitCode.Usage);

    /// <inheritdoc/>
    internal override string Describe() => Local == null ? $"tcp={Remote}" : $"udp={Remote},local={Local}";

    /// <inheritdoc/>
    internal override INetworkBackend Connect(SlirpLibrary? library, CancellationToken stop)
    {
        try
        {
            return Local == null ? StreamNetwork.Connect(Remote, stop) : new DatagramNetwork(Local, Remote);
        }
        catch (SocketException e)
        {
            throw new UserErrorException(Local == null
                ? $"{Name}: {Remote} cannot be connected: {e.Message}."
                : $"{Name}: the local address {Local} cannot be used: {e.Message}.");
        }
    }
}
