using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LaKvm.Backends.UserNetwork;
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary><c>user</c>: NAT behind this process's sockets, with QEMU's addresses.</summary>
/// <param name="Forwards">Ports of this computer that lead to the guest.</param>
/// <param name="IsRestricted">Whether the guest may reach nothing outside.</param>
internal sealed partial record UserNetworkOption(IReadOnlyList<PortForward> Forwards, bool IsRestricted) : NetworkOption
{
    /// <summary>The network without anything special, which a guest has by default.</summary>
    internal static UserNetworkOption Default { get; } = new([], false);

    /// <summary>Reads what stands behind "user", in QEMU's words.</summary>
    /// <exception cref="UserErrorException">A word is unknown, or an address or port none.</exception>
    internal static UserNetworkOption Parse(IEnumerable<string> words)
    {
        var forwards = new List<PortForward>();
        bool isRestricted = false;
        foreach (string word in words)
        {
            if (word is "restrict=on" or "restrict=off")
            {
                isRestricted = word.EndsWith("on", StringComparison.Ordinal);
            }
            else
            {
                forwards.Add(ParseForward(word));
            }
        }

        return new UserNetworkOption(forwards, isRestricted);
    }

    /// <inheritdoc/>
    internal override string Describe() => $"user, {Forwards.Count} ports forwarded";

    /// <inheritdoc/>
    internal override INetworkBackend Connect(SlirpLibrary? library, CancellationToken stop)
    {
        SlirpNetwork? network = null;
        try
        {
            network = new SlirpNetwork(library ?? throw new IOException("there is no libslirp"), IsRestricted);
            foreach (PortForward forward in Forwards)
            {
                network.Forward(forward);
            }

            return network;
        }
        catch (IOException e)
        {
            network?.Dispose();
            throw new UserErrorException($"{Name}: {e.Message}.");
        }
    }

    private static PortForward ParseForward(string word)
    {
        Match match = Forward().Match(word);
        if (!match.Success)
        {
            throw new UserErrorException(
                $"{Name} user: '{word}' is not hostfwd=tcp|udp:[HOST]:PORT-[GUEST]:PORT or restrict=on|off.",
                    ExitCode.Usage);
        }

        return new PortForward(match.Groups["kind"].Value == "udp",
            Address(match.Groups["host"].Value, "0.0.0.0"), Port(match.Groups["hostPort"].Value),
            Address(match.Groups["guest"].Value, SlirpNetwork.GuestAddress), Port(match.Groups["guestPort"].Value));
    }

    private static string Address(string text, string byDefault) => text.Length == 0 ? byDefault
        : IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork
        ? address.ToString()
        : throw new UserErrorException($"{Name} user: '{text}' is not an IPv4 address.", ExitCode.Usage);

    private static ushort Port(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0
            ? port
            : throw new UserErrorException($"{Name} user: '{text}' is not a port.", ExitCode.Usage);

    [GeneratedRegex("^hostfwd=(?<kind>tcp|udp)?:(?<host>[^:]*):(?<hostPort>[^-:]*)"
        + "-(?<guest>[^:]*):(?<guestPort>[^:]*)$")]
    private static partial Regex Forward();
}
