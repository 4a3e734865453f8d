using System.Net.NetworkInformation;

namespace LaKvm.Cli.Qemu;

/// <summary>The networks of a command line, and who has them.</summary>
internal sealed class QemuNetworks
{
    private const string Backend = "-netdev", Card = "-nic", None = "none";

    private readonly Dictionary<string, NetworkOption> _backends = [];
    private readonly List<NetworkOption> _cards = [];

    /// <summary>The network cards of the guest.</summary>
    internal IReadOnlyList<NetworkOption> Cards => _cards;

    /// <summary>Whether nothing was said about networks; then QEMU's machine has a card and a user network.</summary>
    internal bool IsLeftOpen { get; private set; } = true;

    /// <summary><c>-netdev</c>.</summary>
    internal void AddBackend(string text)
    {
        var properties = new QemuProperties(Backend, text, "type");
        string id = properties.Require("id");
        if (Read(properties) is var network && network is NoNetworkOption)
        {
            throw properties.Wrong("'none' is for -nic");
        }

        if (!_backends.TryAdd(id, network))
        {
            throw properties.Wrong($"there are two of the name '{id}'");
        }

        properties.Finish();
        IsLeftOpen = false;
    }

    /// <summary><c>-nic</c>: a card with its network.</summary>
    internal void AddCard(string text)
    {
        var properties = new QemuProperties(Card, text, "type");
        properties.Accept("model", "virtio-net-pci", "virtio-net", "virtio").Take("id");
        PhysicalAddress? address = AddressOf(properties);
        if (Read(properties) is var network and not NoNetworkOption)
        {
            _cards.Add(network with { Mac = address });
        }

        properties.Finish();
        IsLeftOpen = false;
    }

    /// <summary><c>-net none</c>, or <c>-nodefaults</c>: no card by default.</summary>
    internal void LeaveOut() => IsLeftOpen = false;

    /// <summary>A card of <c>-device</c>.</summary>
    internal void Attach(QemuProperties device)
    {
        string id = device.Require("netdev");
        PhysicalAddress? address = AddressOf(device);
        _cards.Add(_backends.Remove(id, out NetworkOption? network) ? network with { Mac = address }
            : throw device.Wrong($"there is no network '{id}' that no other device has"));
    }

    private static PhysicalAddress? AddressOf(QemuProperties properties) =>
        properties.Take("mac") is not { } text ? null
            : PhysicalAddress.TryParse(text, out PhysicalAddress? address) && address.GetAddressBytes().Length == 6
            ? address : throw properties.Wrong($"'{text}' is not an Ethernet address");

    private static NetworkOption Read(QemuProperties properties) => properties.Take("type") switch
    {
        "user" => ReadUser(properties),
        "stream" => ReadStream(properties),
        "dgram" => NetworkOption.Parse($"udp={Endpoint(properties, "remote")},local={Endpoint(properties, "local")}"),
        "socket" => ReadSocket(properties),
        None => new NoNetworkOption(),
        { } other => throw properties.Wrong($"'{other}' is no kind of network that is known here"),
        null => throw properties.Wrong("the kind of network is missing"),
    };

    private static UserNetworkOption ReadUser(QemuProperties properties)
    {
        properties.Accept("ipv4", "on").Accept("ipv6", "off");
        bool restricted = properties.TakeSwitch("restrict") ?? false;
        return UserNetworkOption.Parse([
            .. properties.TakeAll("hostfwd").Select(forward => $"hostfwd={forward}"),
            restricted ? "restrict=on" : "restrict=off"]);
    }

    private static NetworkOption ReadStream(QemuProperties properties)
    {
        properties.Accept("server", "off");
        return NetworkOption.Parse($"tcp={Endpoint(properties, "addr")}");
    }

    private static NetworkOption ReadSocket(QemuProperties properties) => properties.Take("connect") is { } peer
        ? NetworkOption.Parse($"tcp={peer}")
        : NetworkOption.Parse($"udp={properties.Require("udp")},local={properties.Require("localaddr")}");

    private static string Endpoint(QemuProperties properties, string name)
    {
        properties.Accept($"{name}.type", "inet");
        return $"{properties.Require($"{name}.host")}:{properties.Require($"{name}.port")}";
    }
}
