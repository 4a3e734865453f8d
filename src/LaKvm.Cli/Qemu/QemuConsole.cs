namespace LaKvm.Cli.Qemu;

/// <summary>What the serial ports of a command line are connected to. The console is the first of them.</summary>
internal sealed class QemuConsole
{
    private const string Standard = "stdio", Multiplexed = "mon:stdio", Channel = "chardev:";

    private readonly Dictionary<string, bool> _channels = [];
    private readonly List<string> _ports = [];

    /// <summary>Whether the first port is connected to stdin and stdout, as it is if nothing is said.</summary>
    internal bool IsConnected => _ports.Count == 0 || IsStandard(_ports[0]);

    /// <summary><c>-chardev</c>.</summary>
    internal void AddChannel(string text)
    {
        var properties = new QemuProperties("-chardev", text, "backend");
        string id = properties.Require("id"), backend = properties.Require("backend");
        _channels[id] = backend == Standard || (backend == "null" ? false
            : throw properties.Wrong($"'{backend}' is not known here"));
        properties.Accept("mux", "on", "off").Accept("signal", "on", "off").Finish();
    }

    /// <summary><c>-serial</c>.</summary>
    internal void AddPort(string text)
    {
        bool known = text is Standard or Multiplexed or "null" or "none"
            || text.StartsWith(Channel, StringComparison.Ordinal);
        if (!known || (_ports.Count > 0 && text is Standard or Multiplexed))
        {
            throw new UserErrorException($"-serial: '{text}' is not known here"
                + $"{(known ? " for any port but the first" : "")}; {QemuOptions.Hint}.");
        }

        _ports.Add(text);
    }

    /// <summary><c>-mon</c>: the keys that QEMU's multiplexed monitor has are there anyway.</summary>
    internal void SetMonitor(string text)
    {
        var properties = new QemuProperties("-mon", text, "chardev");
        Require(properties.Require("chardev"), properties.Wrong);
        properties.Accept("mode", "readline").Finish();
    }

    private bool IsStandard(string port) => port is Standard or Multiplexed
        || (port.StartsWith(Channel, StringComparison.Ordinal) && Require(port[Channel.Length..],
            what => new UserErrorException($"-serial: {what}.")));

    private bool Require(string id, Func<string, UserErrorException> wrong) =>
        _channels.TryGetValue(id, out bool isStandard) ? isStandard : throw wrong($"there is no chardev '{id}'");
}
