using LaKvm.Linux;

namespace LaKvm.Cli.Qemu;

/// <summary>The machine that a command line of QEMU's describes, as far as it has been read.</summary>
internal sealed class QemuMachine
{
    private const string Hypervisor = "kvm", Emulation = "tcg";

    /// <summary>QEMU's RAM where none is given.</summary>
    private const ulong DefaultMemory = 1UL << 30;

    // Where Debian's packages and QEMU's own installation have firmware.
    private static readonly string[] SystemDirectories =
        ["/usr/share/qemu-efi-loongarch64", "/usr/share/qemu", "/usr/local/share/qemu"];

    private readonly List<string> _devices = [];
    private bool? _acpi;
    private string? _accelerator;
    private ulong _memory = DefaultMemory;
    private int _cpus = 1;
    private SandboxMode _sandbox;

    /// <summary>Whether our hypervisor has the guest, or the bare machine.</summary>
    internal bool IsVirtual => _accelerator == Hypervisor;

    internal QemuDrives Drives { get; } = new();

    internal QemuNetworks Networks { get; } = new();

    internal QemuShares Shares { get; } = new();

    internal QemuDevices Devices { get; } = new();

    internal QemuConsole Console { get; } = new();

    internal QemuDoors Doors { get; } = new();

    /// <summary>Where firmware is looked for that is not in the current directory.</summary>
    internal List<string> Directories { get; } = [];

    internal string? Firmware { get; set; }

    internal string? Kernel { get; set; }

    internal string? Initrd { get; set; }

    internal string? Append { get; set; }

    internal bool NoReboot { get; set; }

    internal bool WantsHelp { get; set; }

    internal void SetMachine(string text)
    {
        var properties = new QemuProperties("-machine", text, "type");
        properties.Accept("type", "virt").Accept("usb", "off").Accept("graphics", "off")
            .Accept("dump-guest-core", "on", "off").Accept("mem-merge", "on", "off");
        if (properties.Take("accel") is { } accelerators)
        {
            SetAccelerator(accelerators.Split(':')[0]);
        }

        if (properties.Take("acpi") is { } acpi)
        {
            _acpi = acpi == "auto" ? null : properties.ReadSwitch("acpi", acpi);
        }

        Kernel = properties.Take("kernel") ?? Kernel;
        Initrd = properties.Take("initrd") ?? Initrd;
        Append = properties.Take("append") ?? Append;
        Firmware = properties.Take("firmware") ?? Firmware;
        properties.Finish();
    }

    /// <summary>Of several the first counts: QEMU takes the others where that one is not possible.</summary>
    internal void SetAccelerator(string text)
    {
        var properties = new QemuProperties("-accel", text, "accel");
        _ = properties.Accept("accel", Emulation, Hypervisor).Accept("thread", "multi", "single");
        _accelerator ??= text.Split(',')[0];
        properties.Finish();
    }

    /// <summary>There is one; the names are QEMU's for it.</summary>
    internal static void CheckProcessor(string text)
    {
        var properties = new QemuProperties("-cpu", text, "type");
        properties.Accept("type", "la464", "la464-loongarch-cpu", "max", "max-loongarch-cpu", "host").Finish();
    }

    internal void SetProcessors(string text)
    {
        var properties = new QemuProperties("-smp", text, "cpus");
        int product = 1;
        foreach (string level in (string[])["sockets", "dies", "clusters", "modules", "cores", "threads"])
        {
            product = checked(product * (properties.TakeNumber(level) ?? 1));
        }

        int? cpus = properties.TakeNumber("cpus"), most = properties.TakeNumber("maxcpus");
        _cpus = cpus ?? most ?? product;
        if (_cpus > GuestOptions.MaxCpus || (most ?? _cpus) != _cpus || (product != 1 && product != _cpus))
        {
            throw properties.Wrong(
                $"the board has one number of processors, of 1 to {GuestOptions.MaxCpus}, and none can be added");
        }

        properties.Finish();
    }

    internal void SetMemory(string text)
    {
        var properties = new QemuProperties("-m", text, "size");
        string size = properties.Require("size");
        _memory = ByteSize.TryParse(size, ByteSize.Mebi, out ulong bytes) ? bytes
            : throw properties.Wrong($"'{size}' is not a size");
        properties.Finish();
    }

    internal void SetNet(string text)
    {
        var properties = new QemuProperties("-net", text, "type");
        properties.Accept("type", "none").Finish();
        Networks.LeaveOut();
    }

    internal void SetAction(string text)
    {
        var properties = new QemuProperties("-action", text);
        string reboot = properties.Require("reboot");
        NoReboot = reboot == "shutdown" || (reboot == "reset" ? false
            : throw properties.Wrong($"reboot={reboot} is not known here"));
        properties.Finish();
    }

    internal void SetSandbox(string text)
    {
        var properties = new QemuProperties("-sandbox", text, "enable");
        _sandbox = properties.TakeSwitch("enable") == false ? SandboxMode.Off : SandboxMode.On;
        properties.Finish();
    }

    internal void AddDevice(string text) => _devices.Add(text);

    /// <summary>What is to be run; to be asked once, when everything has been noted.</summary>
    /// <exception cref="UserErrorException">Something does not fit, or is missing.</exception>
    internal GuestOptions ToOptions()
    {
        foreach (string device in _devices)
        {
            Devices.Attach(device, this);
        }

        (string? firmware, string? nvram) = FindFirmware();
        if (Kernel == null && firmware == null)
        {
            throw new UserErrorException("there is nothing to begin with: -kernel or -bios says what.");
        }

        return new GuestOptions
        {
            Kernel = Kernel,
            Initrd = Initrd,
            Append = Append ?? "",
            Firmware = firmware,
            Nvram = nvram,
            Loads = Devices.Loads,
            Memory = _memory,
            Cpus = _cpus,
            Drives = [.. Drives.Disks, .. Devices.Disks],
            Networks = Networks.Cards,
            HasDefaultNetwork = Networks.IsLeftOpen,
            Shares = Shares.All,
            EntropySources = Devices.EntropySources,
            Acpi = _acpi,
            NoReboot = NoReboot,
            Sandbox = _sandbox,
            Console = new ConsoleOptions { IsConnected = Console.IsConnected },
            Doors = Doors.Find(),
        };
    }

    private (string? Firmware, string? Variables) FindFirmware()
    {
        DriveOption[] code = [.. Drives.Flashes[0]], variables = [.. Drives.Flashes[1]];
        bool isTwice = code.Length + (Firmware == null ? 0 : 1) > 1 || variables.Length > 1;
        if (isTwice || Array.Exists(variables, flash => flash.Mode != DriveMode.ReadWrite))
        {
            throw new UserErrorException("there is one firmware, -bios or flash 0, and flash 1, if any, is writable.");
        }

        string? file = Firmware ?? code.FirstOrDefault()?.Path;
        return (file == null ? null : Locate(file), variables.FirstOrDefault()?.Path);
    }

    private string Locate(string file) => FileCalls.KindOf(file) != null ? file
        : Directories.Concat(SystemDirectories).Select(directory => Path.Combine(directory, file))
            .FirstOrDefault(path => FileCalls.KindOf(path) != null) ?? file;
}
