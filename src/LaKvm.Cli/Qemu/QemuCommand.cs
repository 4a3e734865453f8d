using System.CommandLine;
using System.Text;
using LaKvm.Linux;

namespace LaKvm.Cli.Qemu;

/// <summary>
/// <c>lakvm qemu …</c>: what a command line of qemu-system-loongarch64 asks for, on our machine: with -accel kvm as a
/// guest of our hypervisor, else on the bare machine.
/// </summary>
internal sealed class QemuCommand : Command
{
    internal const string CommandName = "qemu";

    private readonly Argument<string[]> _words = new("words")
    {
        Description = "Options of qemu-system-loongarch64; -help lists those that are known",
        Arity = ArgumentArity.ZeroOrMore,
    };

    internal QemuCommand()
        : base(CommandName, "Understand QEMU's command line, and run the machine that it describes")
    {
        Add(_words);
        SetAction((result, stop) => RunAsync(result.GetValue(_words) ?? [], stop));
    }

    /// <summary>Keeps all words from being taken for options of ours.</summary>
    internal static string[] Separate(string[] args) =>
        args is [CommandName, .. var words] ? [CommandName, "--", .. words] : args;

    /// <summary>Reads the words.</summary>
    /// <exception cref="UserErrorException">One is not understood; the exit code is 1, as QEMU's.</exception>
    internal static QemuMachine Read(IReadOnlyList<string> words, out GuestOptions? options)
    {
        try
        {
            var machine = new QemuMachine();
            QemuOptions.Apply(machine, words);
            options = machine.WantsHelp ? null : machine.ToOptions();
            return machine;
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException(e.Message);
        }
        catch (OverflowException)
        {
            throw new UserErrorException("-smp: there is no such number of processors.");
        }
    }

    private static async Task<int> RunAsync(string[] words, CancellationToken stop)
    {
        QemuMachine machine = Read(words, out GuestOptions? options);
        if (options == null)
        {
            FileCalls.WriteAll(FileCalls.StandardOutput, Encoding.UTF8.GetBytes(Help()));
            return ExitCode.Success;
        }

        options.Check();
        if (options.HasDefaultNetwork && UserNetworkLibrary.Find() != null)
        {
            options = options with { Networks = [UserNetworkOption.Default] };
        }

        options = await UserNetworkLibrary.CompleteAsync(options, stop);
        GuestFactory factory = machine.IsVirtual ? VirtualGuest.Create : BareGuest.Create;
        int exitCode = await GuestHost.RunAsync(options, factory, stop);
        return exitCode == ExitCode.GuestReset ? ExitCode.Success : exitCode;
    }

    private static string Help() => string.Concat(QemuOptions.All.Select(option => $"-{option.Name} {option.Value}\n"))
        + "FILE\nHow they are understood: docs/qemu.md\n";
}
