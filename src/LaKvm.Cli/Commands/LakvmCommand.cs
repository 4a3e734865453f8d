using System.CommandLine;
using LaKvm.Cli.Qemu;

namespace LaKvm.Cli;

/// <summary>The root command: what <c>lakvm --help</c> shows.</summary>
internal static class LakvmCommand
{
    internal static RootCommand Create()
    {
        var root = new RootCommand("LaKvm: a Loongson 3A5000 with hardware virtualization, in one process")
        {
            new GuestCommand("run", "Boot Linux as a guest of LaKvm's hypervisor", VirtualGuest.Create,
                isVirtual: true),
            new GuestCommand("host", "Boot Linux on the bare emulated machine", BareGuest.Create, isVirtual: false),
            new UserCommand(),
            new QemuCommand(),
            new ImagesCommand(),
            new CompletionCommand(),
        };
        root.Subcommands.Add(new HelpCommand(root));
        HelpCommand.ShowWhereNothingIsAsked(root);
        HelpCommand.ForgetOtherSystemsNames(root);
        return root;
    }
}
