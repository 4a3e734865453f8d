namespace LaKvm.Cli.Qemu;

/// <summary>The shared directories of a command line.</summary>
internal sealed class QemuShares
{
    private const string TagKey = "mount_tag";

    private readonly Dictionary<string, (string Path, bool ReadOnly)> _backends = [];
    private readonly List<ShareOption> _shares = [];

    /// <summary>What the guest may mount.</summary>
    internal IReadOnlyList<ShareOption> All => _shares;

    /// <summary><c>-fsdev</c>.</summary>
    internal void AddBackend(string text)
    {
        var properties = new QemuProperties("-fsdev", text, "fsdriver");
        string id = properties.Require("id");
        if (!_backends.TryAdd(id, Read(properties)))
        {
            throw properties.Wrong($"there are two of the name '{id}'");
        }

        properties.Finish();
    }

    /// <summary><c>-virtfs</c>: a directory with its device.</summary>
    internal void Add(string text)
    {
        var properties = new QemuProperties("-virtfs", text, "fsdriver");
        properties.Take("id");
        (string path, bool readOnly) = Read(properties);
        _shares.Add(new ShareOption(path, properties.Require(TagKey), readOnly).Checked());
        properties.Finish();
    }

    /// <summary>A device of <c>-device</c>.</summary>
    internal void Attach(QemuProperties device)
    {
        string id = device.Require("fsdev");
        _shares.Add(_backends.TryGetValue(id, out (string Path, bool ReadOnly) backend)
            ? new ShareOption(backend.Path, device.Require(TagKey), backend.ReadOnly).Checked()
            : throw device.Wrong($"there is no directory '{id}'"));
    }

    private static (string Path, bool ReadOnly) Read(QemuProperties properties)
    {
        properties.Accept("fsdriver", "local").Accept("security_model", "none", "passthrough")
            .Accept("multidevs", "warn", "forbid");
        return (properties.Require("path"), properties.TakeSwitch("readonly") ?? false);
    }
}
