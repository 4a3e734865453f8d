namespace LaKvm.Cli.Qemu;

/// <summary>The drives of a command line, and who has them.</summary>
internal sealed class QemuDrives
{
    private const string Option = "-drive", Virtio = "virtio", None = "none", Flash = "pflash";

    private static readonly string[] Formats =
        ["raw", "qcow2", "qcow", "qed", "vdi", "vhdx", "vmdk", "vpc", "parallels", "dmg", "bochs", "cloop"];

    private readonly List<Drive> _drives = [];

    /// <summary>Whether all writes of the guest are dropped at the end.</summary>
    internal bool Snapshot { get; set; }

    /// <summary>The disks that a guest sees: those that have their interface from the start, in order.</summary>
    internal IEnumerable<DriveOption> Disks =>
        _drives.Where(drive => drive.Interface == Virtio).Select(drive => WithSnapshot(drive.Disk));

    /// <summary>What is in the machine's flash, by unit.</summary>
    internal ILookup<int, DriveOption> Flashes =>
        _drives.Where(drive => drive.Interface == Flash).ToLookup(drive => drive.Unit ?? 0, drive => drive.Disk);

    /// <summary><c>-drive</c>.</summary>
    internal void Add(string text)
    {
        var properties = new QemuProperties(Option, text);
        string path = properties.Require("file");
        bool readOnly = properties.TakeSwitch("readonly") ?? properties.TakeSwitch("read-only") ?? false;
        bool snapshot = properties.TakeSwitch("snapshot") ?? false;
        bool isCdrom = properties.Take("media") is { } media && (media is "cdrom" ? true : media is "disk" ? false
            : throw properties.Wrong($"media={media} is not known here"));
        properties.Accept("cache", None, "writeback", "unsafe").Accept("aio", "threads", "native", "io_uring")
            .Accept("discard", "on", "unmap", "off", "ignore").Accept("detect-zeroes", "off")
            .Accept("werror", "report").Accept("rerror", "report").Accept("index", "0", "1", "2", "3");
        _drives.Add(new Drive(
            properties.Take("id"),
            InterfaceOf(properties),
            properties.Take("unit") is { } unit ? unit == "0" ? 0 : unit == "1" ? 1
                : throw properties.Wrong($"unit={unit} is neither 0 nor 1") : null,
            Disk(path, readOnly || isCdrom, snapshot, FormatOf(properties))));
        properties.Finish();
    }

    /// <summary>A disk that an option of its own names, as <c>-hda</c>.</summary>
    internal void AddDisk(string path, bool readOnly) =>
        _drives.Add(new Drive(null, Virtio, null, Disk(path, readOnly, snapshot: false, format: null)));

    /// <summary><c>-pflash</c>: the first is the firmware, the second its variables.</summary>
    internal void AddFlash(string path) => _drives.Add(new Drive(
        null, Flash, _drives.Count(drive => drive.Interface == Flash), Disk(path, false, false, Formats[0])));

    /// <summary>Gives a drive to a device.</summary>
    /// <exception cref="UserErrorException">There is none of that name that nobody has.</exception>
    internal DriveOption Attach(QemuProperties device)
    {
        string id = device.Require("drive");
        Drive drive = _drives.Find(drive => drive.Id == id && drive.Interface == None)
            ?? throw device.Wrong($"there is no drive '{id}' with if=none that no other device has");
        _drives.Remove(drive);
        return WithSnapshot(drive.Disk);
    }

    private static DriveOption Disk(string path, bool readOnly, bool snapshot, string? format)
    {
        DriveMode mode = readOnly ? DriveMode.ReadOnly : snapshot ? DriveMode.Snapshot : DriveMode.ReadWrite;
        return new DriveOption(path, mode) { Format = format };
    }

    private static string InterfaceOf(QemuProperties properties) => properties.Take("if") switch
    {
        null or Virtio => Virtio,
        None => None,
        Flash => Flash,
        { } other => throw properties.Wrong($"if={other} is not on this board"),
    };

    private static string? FormatOf(QemuProperties properties) =>
        properties.Take("format") is not { } format ? null
            : Formats.Contains(format) ? format : throw properties.Wrong($"format={format} is not known here");

    private DriveOption WithSnapshot(DriveOption disk) =>
        Snapshot && disk.Mode == DriveMode.ReadWrite ? disk with { Mode = DriveMode.Snapshot } : disk;

    private sealed record Drive(string? Id, string Interface, int? Unit, DriveOption Disk);
}
