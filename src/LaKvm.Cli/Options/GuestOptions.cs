using LaKvm.Backends.UserNetwork;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Images.Store;
using LaKvm.Linux;
using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary>What a command line says about the machine to run, checked as far as that is possible without it.</summary>
internal sealed record GuestOptions
{
    /// <summary>Cores that the board's interrupt controllers can tell apart.</summary>
    internal const int MaxCpus = BoardLayout.MaxCores;

    /// <summary>Less RAM than this holds no kernel with its initial RAM disk.</summary>
    internal const ulong MinMemory = 64UL << 20;

    /// <summary>
    /// RAM of a machine for which no size is given: enough for Debian's installer and for small work.
    /// </summary>
    internal const ulong DefaultMemory = 2UL << 30;

    /// <summary>Seconds to shut down for which none are given.</summary>
    internal const int DefaultShutdownTime = 60;

    /// <summary>Kernel file; null for the Debian guest of <c>lakvm images</c>.</summary>
    internal string? Kernel { get; init; }

    /// <summary>Initial RAM disk, or null.</summary>
    internal string? Initrd { get; init; }

    /// <summary>Firmware that the machine begins with, or null.</summary>
    internal string? Firmware { get; init; }

    /// <summary>File of the firmware's variables, or null.</summary>
    internal string? Nvram { get; init; }

    /// <summary>Where a kernel without header belongs, and further files for RAM.</summary>
    internal IReadOnlyList<LoadOption> Loads { get; init; } = [];

    /// <summary>Where a kernel without header belongs, if it is one.</summary>
    internal ulong? KernelAddress => Loads.FirstOrDefault(load => load.Path == null)?.Address;

    /// <summary>Words to add to the kernel's command line.</summary>
    internal string Append { get; init; } = "";

    /// <summary>Bytes of RAM.</summary>
    internal ulong Memory { get; init; } = DefaultMemory;

    /// <summary>Number of cores.</summary>
    internal int Cpus { get; init; } = 1;

    /// <summary>Disks, in the order of their device names.</summary>
    internal IReadOnlyList<DriveOption> Drives { get; init; } = [];

    /// <summary>Network cards.</summary>
    internal IReadOnlyList<NetworkOption> Networks { get; init; } = [];

    /// <summary>How drives and network cards are reached; null leaves it open.</summary>
    internal VirtioTransport? Virtio { get; init; }

    /// <summary>Whether ACPI tables describe the machine, beside the device tree; null leaves it open.</summary>
    internal bool? Acpi { get; init; }

    /// <summary>What user networks are made with, if there are any.</summary>
    internal SlirpLibrary? UserNetworks { get; init; }

    /// <summary>
    /// Whether nothing was said about networks: then the packaged guest gets one, if this computer has what it takes.
    /// </summary>
    internal bool HasDefaultNetwork { get; init; }

    /// <summary>Directories for the guest.</summary>
    internal IReadOnlyList<ShareOption> Shares { get; init; } = [];

    /// <summary>Number of devices that give the guest random numbers.</summary>
    internal int EntropySources { get; init; }

    /// <summary>What the guest runs in the place of a shell, or null.</summary>
    internal GuestProgram? Program { get; init; }

    /// <summary>How long the guest may run, in seconds; null without limit.</summary>
    internal int? Timeout { get; init; }

    /// <summary>How long the guest may take to shut down when SIGTERM asks it to, in seconds.</summary>
    internal int ShutdownTime { get; init; } = DefaultShutdownTime;

    /// <summary>True: the process ends where the machine would reset.</summary>
    internal bool NoReboot { get; init; }

    /// <summary>Makes what executes a core's instructions.</summary>
    internal Func<Core, IExecutionEngine> CreateEngine { get; init; } = EngineOption.Factory(null);

    /// <summary>Whether that executes everything twice.</summary>
    internal bool ChecksEngine { get; init; }

    /// <summary>Where a virtual machine's interrupt controllers are.</summary>
    internal IrqChipPlace IrqChip { get; init; }

    /// <summary>Whether the machine is a virtual one, of LaKvm's hypervisor.</summary>
    internal bool IsVirtual { get; init; }

    /// <summary>Where a table of a virtual machine's exits is shown, if it is.</summary>
    internal StatOption? Stat { get; init; }

    /// <summary>File that takes a virtual machine's tracepoints, or null.</summary>
    internal string? Trace { get; init; }

    /// <summary>The exits that the trace takes.</summary>
    internal ExitFilter TraceExits { get; init; } = ExitFilter.Default;

    /// <summary>How the guest's console is used.</summary>
    internal ConsoleOptions Console { get; init; } = new();

    /// <summary>Where debuggers and others that command the machine are listened for.</summary>
    internal DoorOptions Doors { get; init; } = new();

    /// <summary>Name of the machine: its kernel's.</summary>
    internal string Name => Path.GetFileName(Kernel ?? Firmware) ?? "lakvm";

    /// <summary>What is reported, and where.</summary>
    internal LogOptions Log { get; init; } = new();

    /// <summary>What of the guest's doings is logged, and where.</summary>
    internal EventLogOptions EventLog { get; init; } = new();

    /// <summary>Whether the run is confined.</summary>
    internal SandboxMode Sandbox { get; init; }

    /// <summary>The image that kernel and initial RAM disk are of, if they are of one.</summary>
    internal CachedImage? Image { get; init; }

    /// <summary>Whether kernel and initial RAM disk are those of an image.</summary>
    internal bool IsPackaged => Image != null && Kernel == Image.KernelPath && Initrd == Image.InitrdPath;

    /// <summary>Whether one more virtio device can be attached.</summary>
    internal bool HasRoom => Devices < BoardLayout.QemuVirt.VirtioSlots(Virtio ?? VirtioTransport.Mmio);

    private int Devices =>
        Drives.Count + Networks.Count + Shares.Count + EntropySources + (Program == null ? 0 : 1);

    /// <summary>The files that are read when a machine is built, after each reset anew.</summary>
    internal IEnumerable<string> Files() =>
        new[] { Firmware, Kernel, Initrd }.Concat(Loads.Select(load => load.Path)).OfType<string>();

    /// <summary>Checks what the parser cannot know: the files, and the memory that this computer has.</summary>
    /// <exception cref="UserErrorException">Something cannot be used; the message says what.</exception>
    internal void Check()
    {
        CheckMemory(ResourceLimits.Memory());
        if (Kernel != null)
        {
            FileChecks.RequireReadable("--kernel", Kernel);
        }

        if (Initrd != null)
        {
            FileChecks.RequireReadable("--initrd", Initrd);
        }

        CheckFirmware();
        CheckLoads();
        CheckObservers();
        if (Program != null && Initrd != null)
        {
            throw new UserErrorException(
                "A program is started by the packaged initial RAM disk; leave --initrd out.", ExitCode.Usage);
        }

        CheckShares();
        CheckRoom(Virtio ?? VirtioTransport.Pci);
        foreach (DriveOption drive in Drives)
        {
            DriveSource.Check(drive);
        }
    }

    /// <summary>Checks that the board has room for all devices.</summary>
    /// <exception cref="UserErrorException">It has not.</exception>
    internal void CheckRoom(VirtioTransport transport)
    {
        int room = BoardLayout.QemuVirt.VirtioSlots(transport);
        if (Devices > room)
        {
            throw new UserErrorException($"The board has room for {room} drives, network cards and shares.");
        }
    }

    private void CheckShares()
    {
        foreach (ShareOption share in Shares)
        {
            FileChecks.RequireDirectory(ShareOption.Name, share.Path);
        }

        if (Shares.GroupBy(share => share.Tag).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new UserErrorException(
                $"{ShareOption.Name}: two shares have the tag '{twice.Key}'; write tag=NAME.", ExitCode.Usage);
        }
    }

    private void CheckObservers()
    {
        string? observer = EventLog.Rules.Count != 0 ? EventLogOptions.Name
            : IsVirtual ? null // whose exits the hypervisor counts
            : Stat != null ? StatOption.Name
            : Trace != null ? TraceFile.Option
            : null;
        if (ChecksEngine && observer != null)
        {
            throw new UserErrorException(
                $"{observer} has no place beside {EngineOption.Name} check, where all happens twice.", ExitCode.Usage);
        }
    }

    private void CheckFirmware()
    {
        if (Firmware != null)
        {
            FileChecks.RequireReadable("--firmware", Firmware);
        }
        else if (Nvram != null)
        {
            throw new UserErrorException("--nvram belongs to a --firmware.", ExitCode.Usage);
        }

        if (Firmware != null && Program != null)
        {
            throw new UserErrorException("A program is started without --firmware.", ExitCode.Usage);
        }

        if (Firmware != null && Loads.Count > 0)
        {
            throw new UserErrorException($"{LoadOption.Name} has no place beside a --firmware.", ExitCode.Usage);
        }
    }

    private void CheckLoads()
    {
        int addresses = Loads.Count(load => load.Path == null);
        if (addresses > 1 || (addresses == 1 && Kernel == null))
        {
            throw new UserErrorException(
                $"{LoadOption.Name} ADDRESS belongs to the one --kernel; {LoadOption.Name} FILE@ADDRESS may be "
                + $"repeated.",
                ExitCode.Usage);
        }

        foreach (LoadOption load in Loads)
        {
            if (load.Path != null)
            {
                FileChecks.RequireReadable(LoadOption.Name, load.Path);
            }
        }
    }

    private void CheckMemory(MemoryLimit available)
    {
        if (Memory < MinMemory)
        {
            throw new UserErrorException(
                $"--memory: {ByteSize.Format(Memory)} is too little; a kernel needs at least "
                + $"{ByteSize.Format(MinMemory)}.");
        }

        if (Memory % BoardLayout.RamGranule != 0)
        {
            throw new UserErrorException($"--memory: must be a multiple of {BoardLayout.RamGranule >> 10} KiB.");
        }

        if (Memory > available.Bytes)
        {
            throw new UserErrorException(
                $"--memory: {ByteSize.Format(Memory)} is more than the {ByteSize.Format(available.Bytes)} that "
                + $"{available.Owner}.");
        }
    }
}
