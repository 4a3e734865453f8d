namespace LaKvm.Cli.Qemu;

/// <summary>One of QEMU's options: a row of the table in docs/qemu.md.</summary>
/// <param name="Name">Its name, without dashes.</param>
/// <param name="Value">What is said of its argument; null for an option without one.</param>
/// <param name="Set">Notes it.</param>
internal sealed record QemuOption(string Name, string? Value, Action<QemuMachine, string> Set);

/// <summary>QEMU's options that are understood, and the way from words to what they mean.</summary>
internal static class QemuOptions
{
    /// <summary>Where to find out more.</summary>
    internal const string Hint = "lakvm qemu -help lists what is";

    private const string File = "FILE", On = "on";

    private const string Socket = "unix:PATH,server[,wait=off]|tcp:[HOST]:PORT,server[,wait=off]|none|null";

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<QemuOption> All { get; } =
    [
        new("machine", "[type=]virt[,accel=tcg|kvm][,acpi=on|off]", (machine, text) => machine.SetMachine(text)),
        new("M", "as -machine", (machine, text) => machine.SetMachine(text)),
        new("cpu", "la464|max|host", (_, text) => QemuMachine.CheckProcessor(text)),
        new("accel", "tcg|kvm", (machine, text) => machine.SetAccelerator(text)),
        new("enable-kvm", null, (machine, _) => machine.SetAccelerator("kvm")),
        new("smp", "[cpus=]N[,sockets=N][,cores=N][,threads=N]", (machine, text) => machine.SetProcessors(text)),
        new("m", "[size=]SIZE", (machine, text) => machine.SetMemory(text)),
        new("bios", File, (machine, text) => machine.Firmware = text),
        new("L", "DIRECTORY", (machine, text) => machine.Directories.Add(text)),
        new("pflash", File, (machine, text) => machine.Drives.AddFlash(text)),
        new("kernel", File, (machine, text) => machine.Kernel = text),
        new("initrd", File, (machine, text) => machine.Initrd = text),
        new("append", "WORDS", (machine, text) => machine.Append = text),
        new("drive", "file=FILE[,format=F][,if=virtio|none|pflash][,id=ID][,readonly=on][,snapshot=on][,unit=N]",
            (machine, text) => machine.Drives.Add(text)),
        new("hda", File, (machine, text) => machine.Drives.AddDisk(text, readOnly: false)),
        new("hdb", File, (machine, text) => machine.Drives.AddDisk(text, readOnly: false)),
        new("hdc", File, (machine, text) => machine.Drives.AddDisk(text, readOnly: false)),
        new("hdd", File, (machine, text) => machine.Drives.AddDisk(text, readOnly: false)),
        new("cdrom", File, (machine, text) => machine.Drives.AddDisk(text, readOnly: true)),
        new("snapshot", null, (machine, _) => machine.Drives.Snapshot = true),
        new("device", "TYPE[,PROPERTY=VALUE]...", (machine, text) => machine.AddDevice(text)),
        new("netdev", "user|stream|dgram|socket,id=ID[,...]", (machine, text) => machine.Networks.AddBackend(text)),
        new("nic", "user|stream|dgram|socket|none[,model=virtio-net-pci][,mac=ADDRESS][,...]",
            (machine, text) => machine.Networks.AddCard(text)),
        new("net", "none", (machine, text) => machine.SetNet(text)),
        new("fsdev", "local,id=ID,path=DIRECTORY,security_model=none[,readonly=on]",
            (machine, text) => machine.Shares.AddBackend(text)),
        new("virtfs", "local,path=DIRECTORY,mount_tag=TAG,security_model=none[,readonly=on]",
            (machine, text) => machine.Shares.Add(text)),
        new("object", "rng-random|rng-builtin,id=ID", (machine, text) => machine.Devices.AddObject(text)),
        new("chardev", "stdio|null,id=ID", (machine, text) => machine.Console.AddChannel(text)),
        new("serial", "stdio|mon:stdio|chardev:ID|null|none", (machine, text) => machine.Console.AddPort(text)),
        new("monitor", Socket, (machine, text) => machine.Doors.SetMonitor(text)),
        new("qmp", Socket, (machine, text) => machine.Doors.SetQmp(text)),
        new("mon", "chardev=ID", (machine, text) => machine.Console.SetMonitor(text)),
        new("parallel", "none|null", (machine, text) => Only("-parallel", text, "none", "null")),
        new("nographic", null, (_, _) => { }),
        new("display", "none", (_, text) => Only("-display", text, "none")),
        new("vga", "none", (_, text) => Only("-vga", text, "none")),
        new("no-reboot", null, (machine, _) => machine.NoReboot = true),
        new("action", "reboot=reset|shutdown", (machine, text) => machine.SetAction(text)),
        new("s", null, (machine, _) => machine.Doors.SetDebugger("tcp::1234")),
        new("gdb", "tcp:[HOST]:PORT|unix:PATH|none", (machine, text) => machine.Doors.SetDebugger(text)),
        new("S", null, (machine, _) => machine.Doors.IsHeld = true),
        new("rtc", "base=utc[,clock=host]", (_, text) => new QemuProperties("-rtc", text)
            .Accept("base", "utc").Accept("clock", "host").Accept("driftfix", "none").Finish()),
        new("sandbox", "on|off", (machine, text) => machine.SetSandbox(text)),
        new("name", "TEXT", (_, _) => { }),
        new("nodefaults", null, (machine, _) => machine.Networks.LeaveOut()),
        new("no-user-config", null, (_, _) => { }),
        new("help", null, (machine, _) => machine.WantsHelp = true),
        new("h", null, (machine, _) => machine.WantsHelp = true),
    ];

    /// <summary>Notes all words. Those that are no option are disks.</summary>
    /// <exception cref="UserErrorException">A word is not understood.</exception>
    internal static void Apply(QemuMachine machine, IReadOnlyList<string> words)
    {
        for (int n = 0; n < words.Count; n++)
        {
            if (!words[n].StartsWith('-'))
            {
                machine.Drives.AddDisk(words[n], readOnly: false);
                continue;
            }

            QemuOption option = Find(words[n]);
            if (option.Value != null && ++n == words.Count)
            {
                throw new UserErrorException($"{words[n - 1]}: the argument is missing: {option.Value}.");
            }

            option.Set(machine, option.Value == null ? On : words[n]);
        }
    }

    private static QemuOption Find(string word)
    {
        string name = word[(word.StartsWith("--", StringComparison.Ordinal) ? 2 : 1)..];
        return All.FirstOrDefault(option => option.Name == name) ?? throw new UserErrorException(
            $"{word}: this option is not known here; {Hint}.{NearMiss.Hint(name, All.Select(option => option.Name))}");
    }

    private static void Only(string option, string value, params string[] known)
    {
        if (!known.Contains(value))
        {
            throw new UserErrorException($"{option}: '{value}' is not known here; {Hint}.");
        }
    }
}
