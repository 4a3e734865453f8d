using System.Globalization;

namespace LaKvm.Cli.Qemu;

/// <summary>The devices of a command line, which may name what options behind them define.</summary>
internal sealed class QemuDevices
{
    private const string Option = "-device";

    private readonly HashSet<string> _objects = [];
    private readonly List<DriveOption> _disks = [];
    private readonly List<LoadOption> _loads = [];

    /// <summary>Disks of their own devices.</summary>
    internal IReadOnlyList<DriveOption> Disks => _disks;

    /// <summary>Files for RAM.</summary>
    internal IReadOnlyList<LoadOption> Loads => _loads;

    /// <summary>Number of entropy sources.</summary>
    internal int EntropySources { get; private set; }

    /// <summary><c>-object</c>.</summary>
    internal void AddObject(string text)
    {
        var properties = new QemuProperties("-object", text, "qom-type");
        properties.Accept("qom-type", "rng-random", "rng-builtin")
            .Accept("filename", "/dev/urandom", "/dev/random", "/dev/hwrng");
        _objects.Add(properties.Require("id"));
        properties.Finish();
    }

    /// <summary>Makes a device.</summary>
    internal void Attach(string text, QemuMachine machine)
    {
        var device = new QemuProperties(Option, text, "driver");
        string type = device.Require("driver");
        switch (type)
        {
            case "virtio-blk-pci" or "virtio-blk":
                _disks.Add(machine.Drives.Attach(device));
                break;
            case "virtio-net-pci" or "virtio-net":
                device.Take("romfile");
                machine.Networks.Attach(device);
                break;
            case "virtio-9p-pci" or "virtio-9p":
                machine.Shares.Attach(device);
                break;
            case "virtio-rng-pci" or "virtio-rng":
                AddEntropy(device);
                break;
            case "loader":
                AddFile(device);
                break;
            default:
                throw device.Wrong($"there is no '{type}' on this board");
        }

        device.Take("id");
        device.Accept("bus", "pcie.0").Accept("disable-legacy", "on", "auto").Accept("disable-modern", "off").Finish();
    }

    private void AddEntropy(QemuProperties device)
    {
        if (device.Take("rng") is { } id && !_objects.Contains(id))
        {
            throw device.Wrong($"there is no object '{id}'");
        }

        EntropySources++;
    }

    private void AddFile(QemuProperties device)
    {
        string text = device.Require("addr");
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        NumberStyles style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        bool isNumber = ulong.TryParse(
            isHex ? text[2..] : text, style, CultureInfo.InvariantCulture, out ulong address);
        _loads.Add(isNumber ? new LoadOption(device.Require("file"), address)
            : throw device.Wrong($"addr={text} is not an address"));
        device.Accept("force-raw", "on");
    }
}
