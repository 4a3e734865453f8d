using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>A command that runs a guest: the options that <c>host</c> and <c>run</c> have in common, and its action.</summary>
internal sealed class GuestCommand : Command
{
    private readonly Option<string?> _kernel = new("--kernel")
    {
        Description = "Kernel: vmlinuz.efi, vmlinux.efi or an ELF vmlinux [default: Debian's, fetched when absent]",
        HelpName = "FILE",
    };

    private readonly Option<string?> _initrd = new("--initrd")
    {
        Description = "Initial RAM disk",
        HelpName = "FILE",
    };

    private readonly Option<string?> _append = new("--append")
    {
        Description = "Words for the kernel's command line",
        HelpName = "WORDS",
    };

    private readonly Option<ulong?> _memory = new("--memory", "-m")
    {
        Description = "RAM, with K, M or G [default: 2G]",
        HelpName = "SIZE",
        CustomParser = ParseMemory,
    };

    private readonly Option<int?> _cpus = new("--cpus", "-c")
    {
        Description = "Number of cores [default: 1]",
        HelpName = "N",
        CustomParser = ParseCpus,
    };

    private readonly Option<DriveOption[]> _drives = new("--drive", "-d")
    {
        Description = "Disk image, may be repeated; readonly protects it, snapshot drops the guest's writes at the end",
        HelpName = "FILE[,readonly|,snapshot]",
        CustomParser = result => ParseAll(result, DriveOption.Parse),
    };

    private readonly Option<NetworkOption[]> _networks = new("--netdev", "-n")
    {
        Description = "Network card on a network of QEMU's socket kind, may be repeated",
        HelpName = "udp=HOST:PORT,local=HOST:PORT|tcp=HOST:PORT",
        CustomParser = result => ParseAll(result, NetworkOption.Parse),
    };

    private readonly Option<bool> _noReboot = new("--no-reboot")
    {
        Description = $"Exit with code {ExitCode.GuestReset} where the guest would reset the machine",
    };

    private readonly Option<LogLevel?> _logLevel = LogLevelOption.Create();

    internal GuestCommand(string name, string description, GuestFactory factory)
        : base(name, description)
    {
        foreach (Option option in (Option[])[_kernel, _initrd, _append, _memory, _cpus, _drives, _networks, _noReboot, _logLevel])
        {
            Options.Add(option);
        }

        SetAction(async (result, stop) =>
        {
            GuestOptions options = await DebianGuest.CompleteAsync(Bind(result), stop);
            return await GuestHost.RunAsync(options, factory, result.GetValue(_logLevel) ?? LogLevel.Warning, stop);
        });
    }

    /// <summary>Reads the options and checks the files that they name.</summary>
    /// <exception cref="UserErrorException">Something named cannot be used.</exception>
    internal GuestOptions Bind(ParseResult result)
    {
        var options = new GuestOptions
        {
            Kernel = result.GetValue(_kernel),
            Initrd = result.GetValue(_initrd),
            Append = result.GetValue(_append) ?? "",
            Memory = result.GetValue(_memory) ?? GuestOptions.DefaultMemory,
            Cpus = result.GetValue(_cpus) ?? 1,
            Drives = result.GetValue(_drives) ?? [],
            Networks = result.GetValue(_networks) ?? [],
            NoReboot = result.GetValue(_noReboot),
        };
        options.Check();
        return options;
    }

    private static ulong? ParseMemory(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (ByteSize.TryParse(text, out ulong bytes))
        {
            return bytes;
        }

        result.AddError($"--memory: '{text}' is not a size; write for example 512M or 2G.");
        return null;
    }

    private static int? ParseCpus(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (int.TryParse(text, out int cpus) && cpus is >= 1 and <= GuestOptions.MaxCpus)
        {
            return cpus;
        }

        result.AddError($"--cpus: '{text}' is not a number from 1 to {GuestOptions.MaxCpus}.");
        return null;
    }

    private static T[] ParseAll<T>(ArgumentResult result, Func<string, T> parse)
    {
        try
        {
            return [.. result.Tokens.Select(token => parse(token.Value))];
        }
        catch (UserErrorException e)
        {
            result.AddError(e.Message);
            return [];
        }
    }
}
