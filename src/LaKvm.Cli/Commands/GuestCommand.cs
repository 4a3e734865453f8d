using System.CommandLine;
using LaKvm.Translator;

namespace LaKvm.Cli;

/// <summary>
/// A command that runs a guest: the options that <c>host</c> and <c>run</c> have in common, and its action. All values are
/// texts for the parser: what they mean is found out in <see cref="Bind"/>.
/// </summary>
internal sealed class GuestCommand : Command
{
    private readonly Option<string?> _kernel = Text("--kernel", "FILE",
        "Kernel: vmlinuz.efi, vmlinux.efi or an ELF vmlinux [default: Debian's, fetched when absent]");

    private readonly Option<string?> _initrd = Text("--initrd", "FILE", "Initial RAM disk");

    private readonly Option<string[]> _loads = new(LoadOption.Name)
    {
        Description = "Where a --kernel without header belongs and starts; or a further file for RAM, may be repeated",
        HelpName = "ADDRESS|FILE@ADDRESS",
    };

    private readonly Option<string?> _append = Text("--append", "WORDS", "Words for the kernel's command line");

    private readonly Option<string?> _memory = Text("--memory", "SIZE", "RAM, with K, M or G [default: 2G]", "-m");

    private readonly Option<string?> _cpus = Text("--cpus", "N", "Number of cores [default: 1]", "-c");

    private readonly Option<string[]> _drives = new("--drive", "-d")
    {
        Description = "Disk image, may be repeated; readonly protects it, snapshot drops the guest's writes at the end",
        HelpName = "FILE[,readonly|,snapshot]",
    };

    private readonly Option<string[]> _networks = new("--netdev", "-n")
    {
        Description = "Network card on a network of QEMU's socket kind, may be repeated",
        HelpName = "udp=HOST:PORT,local=HOST:PORT|tcp=HOST:PORT",
    };

    private readonly Option<bool> _noReboot = new("--no-reboot")
    {
        Description = $"Exit with code {ExitCode.GuestReset} where the guest would reset the machine",
    };

    private readonly Option<string?> _engine = Text(EngineOption.Name, EngineOption.Names,
        "What executes the guest's instructions [default: translator on x86-64, else interpreter]");

    private readonly Option<string?> _codeMemory = Text(EngineOption.CodeMemory, "SIZE",
        "Machine code that the translator keeps for each core [default: 64M]");

    private readonly Option<bool> _protectCode = new("--protect-code")
    {
        Description = "Map the translator's machine code twice, so that no memory can be written and executed",
    };

    private readonly Option<string?> _irqChip = Text(IrqChipOption.Name, IrqChipOption.Names,
        "Interrupt controllers in the hypervisor, or in user space [default: kernel]");

    private readonly Option<string?> _stat = new(StatOption.Name)
    {
        Description = "Show a table of exits every second, and one of the whole run at the end, on stderr or in a file; where"
            + " stderr is the guest's console, on Ctrl-A s and at the end",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _trace = Text(TraceFile.Option, "FILE",
        "Write all tracepoints to a file that Perfetto opens (Chrome trace events, JSON)");

    private readonly Option<string?> _logLevel = Text(LogLevels.Option, LogLevels.Names,
        "What to report on stderr [default: warning]");

    internal GuestCommand(string name, string description, GuestFactory factory, bool isVirtual)
        : base(name, description)
    {
        foreach (Option option in
            (Option[])[_kernel, _initrd, _loads, _append, _memory, _cpus, _drives, _networks, _noReboot, _engine, _codeMemory,
                _protectCode, _logLevel])
        {
            Options.Add(option);
        }

        if (isVirtual)
        {
            Options.Add(_irqChip);
            Options.Add(_stat);
            Options.Add(_trace);
        }

        SetAction(async (result, stop) =>
        {
            GuestOptions options = await DebianGuest.CompleteAsync(Bind(result), stop);
            return await GuestHost.RunAsync(options, factory, stop);
        });
    }

    /// <summary>Reads the options and checks the files that they name.</summary>
    /// <exception cref="UserErrorException">A value has no meaning, or something named cannot be used.</exception>
    internal GuestOptions Bind(ParseResult result)
    {
        var options = new GuestOptions
        {
            Kernel = result.GetValue(_kernel),
            Initrd = result.GetValue(_initrd),
            Loads = [.. (result.GetValue(_loads) ?? []).Select(LoadOption.Parse)],
            Append = result.GetValue(_append) ?? "",
            Memory = ParseMemory(result.GetValue(_memory)),
            Cpus = ParseCpus(result.GetValue(_cpus)),
            Drives = [.. (result.GetValue(_drives) ?? []).Select(DriveOption.Parse)],
            Networks = [.. (result.GetValue(_networks) ?? []).Select(NetworkOption.Parse)],
            NoReboot = result.GetValue(_noReboot),
            CreateEngine = EngineOption.Parse(result.GetValue(_engine), new TranslatorOptions
            {
                ArenaBytes = EngineOption.ParseCodeMemory(result.GetValue(_codeMemory)),
                ProtectCode = result.GetValue(_protectCode),
            }),
            IrqChip = IrqChipOption.Parse(result.GetValue(_irqChip)),
            Stat = result.GetResult(_stat) == null ? null : new StatOption(result.GetValue(_stat)),
            Trace = result.GetValue(_trace),
            LogLevel = LogLevels.Parse(result.GetValue(_logLevel)),
        };
        options.Check();
        return options;
    }

    private static Option<string?> Text(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = value, Description = description };

    private static ulong ParseMemory(string? text) =>
        text == null ? GuestOptions.DefaultMemory
        : ByteSize.TryParse(text, out ulong bytes) ? bytes
        : throw new UserErrorException($"--memory: '{text}' is not a size; write for example 512M or 2G.", ExitCode.Usage);

    private static int ParseCpus(string? text) =>
        text == null ? 1
        : int.TryParse(text, out int cpus) && cpus is >= 1 and <= GuestOptions.MaxCpus ? cpus
        : throw new UserErrorException($"--cpus: '{text}' is not a number from 1 to {GuestOptions.MaxCpus}.", ExitCode.Usage);
}
