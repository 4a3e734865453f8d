using System.CommandLine;
using System.CommandLine.Parsing;
using LaKvm.Devices;
using LaKvm.Translator;
using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary>
/// A command that runs a guest: the options that <c>host</c> and <c>run</c> have in common, and its action.
/// </summary>
internal sealed class GuestCommand : Command
{
    private const int MostSeconds = 10_000_000;

    private readonly Option<string?> _kernel = ValueOption.Text("--kernel", "FILE",
        "Kernel: vmlinuz.efi, vmlinux.efi or an ELF vmlinux [default: Debian's, fetched when absent]");

    private readonly Option<string?> _initrd = ValueOption.Text("--initrd", "FILE", "Initial RAM disk");

    private readonly Option<string?> _firmware = ValueOption.Text("--firmware", "FILE",
        "Firmware that the machine begins with, as Debian's QEMU_EFI.fd; it starts --kernel if there is one", "--bios");

    private readonly Option<string?> _nvram = ValueOption.Text("--nvram", "FILE",
        "Keeps the firmware's variables, made if there is none [default: they are dropped at the end]");

    private readonly Option<LoadOption[]> _loads = ValueOption.Repeated(LoadOption.Name, "ADDRESS|FILE@ADDRESS",
        "Where a --kernel without header belongs and starts; or a further file for RAM, may be repeated",
        LoadOption.Parse);

    private readonly Option<string?> _append =
        ValueOption.Text("--append", "WORDS", "Words for the kernel's command line", mayBeEmpty: true);

    private readonly Option<ulong?> _memory = ValueOption.Size("--memory",
        "RAM, with K, M or G; a bare number is MiB [default: 2G]", 0, ulong.MaxValue,
        "a size; write for example 512M or 2G", "-m");

    private readonly Option<int?> _cpus =
        ValueOption.Number("--cpus", "N", "Number of cores [default: 1]", 1, GuestOptions.MaxCpus, "-c");

    private readonly Option<DriveOption[]> _drives = ValueOption.Repeated("--drive", "FILE[,readonly|,snapshot]",
        "Disk, may be repeated: a raw image, FILE.qcow2 and the like (with qemu-nbd), or nbd://HOST[:PORT][/NAME];"
        + " readonly protects it, snapshot drops the guest's writes at the end",
        DriveOption.Parse, "-d");

    private readonly Option<NetworkOption[]> _networks = ValueOption.Repeated(NetworkOption.Name,
        "NETWORK", "Network card, may be repeated: user[,hostfwd=tcp:[HOST]:PORT-[GUEST]:PORT]... is a network behind"
        + " this program's sockets, which the packaged guest has by default; tcp=HOST:PORT or"
        + " udp=HOST:PORT,local=HOST:PORT is one of QEMU's socket kind; none", NetworkOption.Parse, "-n");

    private readonly Option<VirtioTransport?> _virtio = ValueOption.Choice("--virtio",
        "How the guest reaches drives, network cards and shares: at addresses of the board, or on the PCI bus"
            + " [default: pci with ACPI, else mmio]",
        ("mmio", VirtioTransport.Mmio), ("pci", VirtioTransport.Pci));

    private readonly Option<ShareOption[]> _shares = ValueOption.Repeated(ShareOption.Name, ShareOption.Syntax,
        "Directory for the guest, may be repeated: 'mount -t 9p TAG PLACE' mounts it there [default tag: share]",
        ShareOption.Parse);

    private readonly Option<Toggle?> _acpi = ValueOption.Choice("--acpi",
        "Describe the machine by ACPI tables too, not only by a device tree [default: on for EFI images]",
        ("on", Toggle.On), ("off", Toggle.Off));

    private readonly Argument<string[]> _program = new("PROGRAM")
    {
        Description =
            "Behind --: a program for the guest, with its arguments. It runs in the current directory, which is"
            + " shared with the guest, on this process's stdin, stdout and stderr; its exit code is the process's",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<int?> _timeout = ValueOption.Number("--timeout", "SECONDS",
        $"End the guest after so long, with exit code {ExitCode.Timeout}", 1, MostSeconds);

    private readonly Option<int?> _shutdownTime = ValueOption.Number("--shutdown-time", "SECONDS",
        "How long a guest may take that SIGTERM asks to shut down; 0 does not ask, as where the guest does not listen"
        + $" to its power button [default: {GuestOptions.DefaultShutdownTime}]", 0, MostSeconds);

    private readonly Option<bool> _noReboot = new("--no-reboot")
    {
        Description = $"Exit with code {ExitCode.GuestReset} where the guest would reset the machine",
    };

    private readonly Option<EngineKind?> _engine = EngineOption.Create();

    private readonly Option<ulong?> _codeMemory = EngineOption.CreateCodeMemory();

    private readonly Option<bool> _protectCode = new("--protect-code")
    {
        Description =
            "Map the translator's machine code twice, so that no memory can be written and executed [default: true]",
        HelpName = "true|false",
        DefaultValueFactory = _ => true,
    };

    private readonly Option<SandboxMode?> _sandbox = ValueOption.Choice(Sandbox.Option,
        "Give up all that a running machine does not need, so that a guest that breaks out of it is held "
        + "[default: auto]",
        ("auto", SandboxMode.Auto), ("on", SandboxMode.On), ("off", SandboxMode.Off));

    private readonly Option<IrqChipPlace?> _irqChip = ValueOption.Choice("--irqchip",
        "Interrupt controllers in the hypervisor, or in user space [default: kernel]",
        ("kernel", IrqChipPlace.Kernel), ("user", IrqChipPlace.User));

    private readonly Option<string?> _stat = ValueOption.Text(StatOption.Name, "FILE",
        "Show a table of exits every second, and one of the whole run at the end, on stderr or in a file (FILE.json: "
        + "the last"
        + " one only, as JSON); where"
        + " stderr is the guest's console, on Ctrl-A s and at the end");

    private readonly Option<string?> _trace = ValueOption.Text(TraceFile.Option, "FILE",
        "Write all tracepoints to a file that Perfetto opens (Chrome trace events, JSON)");

    private readonly Option<ExitFilter?> _traceExits =
        ValueOption.Parsed<ExitFilter?>(ExitFilter.Option, "KIND[,KIND...]",
        "Exits for the trace: kinds of --stat's table with - for space, console, all [default: all but console]",
        ExitFilter.Parse);

    private readonly bool _isVirtual;
    private readonly ConsoleOptionGroup _console = new();
    private readonly DoorOptionGroup _doors = new();
    private readonly LogOptionGroup _log = new();
    private readonly EventLogOptionGroup _eventLog = new();

    internal GuestCommand(string name, string description, GuestFactory factory, bool isVirtual)
        : base(name, description)
    {
        _isVirtual = isVirtual;
        Arguments.Add(_program);
        _traceExits.CompletionSources.Add([.. ExitFilter.Words]);
        _stat.Arity = ArgumentArity.ZeroOrOne;
        Add([_kernel, _initrd, _firmware, _nvram, _loads, _append, _memory, _cpus, _drives, _networks, _shares,
            _virtio, _acpi, _timeout, _shutdownTime, _noReboot, _engine, _codeMemory, _protectCode, _sandbox]);
        Add(_console.Options);
        Add(_doors.Options);
        Add(_eventLog.Options);
        Add(_log.Options);
        Add([_stat, _trace, _traceExits]);
        if (isVirtual)
        {
            Add([_irqChip]);
        }

        SetAction(async (result, stop) =>
        {
            GuestOptions options = await DebianGuest.CompleteAsync(Bind(result), stop);
            options = await UserNetworkLibrary.CompleteAsync(options, stop);
            return await GuestHost.RunAsync(options, factory, stop);
        });
    }

    /// <summary>
    /// The first word that is no option's and stands before "--", where only the command line's own words belong; null
    /// if there is none.
    /// </summary>
    internal static string? StrayWord(ParseResult result)
    {
        if (result.CommandResult.Command is not GuestCommand { _program: var program })
        {
            return null;
        }

        IReadOnlyList<Token> words = result.GetResult(program)?.Tokens ?? [];
        int behind = result.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        return words.Count > behind ? words[0].Value : null;
    }

    /// <summary>Gathers the values and checks the files that they name.</summary>
    /// <exception cref="UserErrorException">Something named cannot be used.</exception>
    internal GuestOptions Bind(ParseResult result)
    {
        GuestProgram? program = result.GetValue(_program) is { Length: > 0 } words
            ? new GuestProgram(words, Environment.CurrentDirectory) : null;
        string append = result.GetValue(_append) ?? "";
        NetworkOption[] networks = result.GetValue(_networks) ?? [];
        var options = new GuestOptions
        {
            Program = program,
            Timeout = result.GetValue(_timeout),
            ShutdownTime = result.GetValue(_shutdownTime) ?? GuestOptions.DefaultShutdownTime,
            Kernel = result.GetValue(_kernel),
            Initrd = result.GetValue(_initrd),
            Firmware = result.GetValue(_firmware),
            Nvram = result.GetValue(_nvram),
            Loads = result.GetValue(_loads) ?? [],
            Append = program == null ? append : $"{GuestProgram.KernelWords} {append}".TrimEnd(),
            Memory = result.GetValue(_memory) ?? GuestOptions.DefaultMemory,
            Cpus = result.GetValue(_cpus) ?? 1,
            Drives = result.GetValue(_drives) ?? [],
            Networks = [.. networks.Where(network => network is not NoNetworkOption)],
            HasDefaultNetwork = networks.Length == 0,
            Virtio = result.GetValue(_virtio),
            Acpi = result.GetValue(_acpi) is { } acpi ? acpi == Toggle.On : null,
            Shares = [.. result.GetValue(_shares) ?? [], .. program == null ? [] : new[] { program.Share }],
            NoReboot = program != null || result.GetValue(_noReboot),
            IsVirtual = _isVirtual,
            ChecksEngine = result.GetValue(_engine) == EngineKind.Check,
            CreateEngine = EngineOption.Factory(result.GetValue(_engine), Translation(result)),
            IrqChip = result.GetValue(_irqChip) ?? IrqChipPlace.Kernel,
            Stat = result.GetResult(_stat) == null ? null : new StatOption(result.GetValue(_stat)),
            Trace = result.GetValue(_trace),
            Sandbox = result.GetValue(_sandbox) ?? SandboxMode.Auto,
            TraceExits = result.GetValue(_traceExits) ?? ExitFilter.Default,
            Console = _console.Bind(result),
            Doors = _doors.Bind(result),
            Log = _log.Bind(result),
            EventLog = _eventLog.Bind(result, mayBeAskedFor: _doors.Bind(result).IsAny),
        };
        options.Check();
        return options;
    }

    private TranslatorOptions Translation(ParseResult result)
    {
        var options = new TranslatorOptions { ProtectCode = result.GetValue(_protectCode) };
        return result.GetValue(_codeMemory) is { } bytes ? options with { ArenaBytes = bytes } : options;
    }

    private void Add(ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            Options.Add(option);
        }
    }
}
