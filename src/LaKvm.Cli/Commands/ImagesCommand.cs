using System.CommandLine;
using LaKvm.Images.Debian;
using LaKvm.Images.Store;

namespace LaKvm.Cli;

/// <summary><c>lakvm images</c>: what there is to boot.</summary>
internal sealed class ImagesCommand : Command
{
    internal ImagesCommand()
        : base("images", "Show and fetch guests to boot")
    {
        Subcommands.Add(List());
        Subcommands.Add(Fetch());
        HelpCommand.ShowWhereNothingIsAsked(this);
    }

    private static Command List()
    {
        var list = new Command("list", "List the guests that have been fetched");
        list.SetAction(_ =>
        {
            IReadOnlyList<CachedImage> images = ImageStore.OfUser().List();
            foreach (CachedImage image in images)
            {
                Show(image);
            }

            if (images.Count == 0)
            {
                Console.Error.WriteLine("lakvm: no guest has been fetched; 'lakvm images fetch debian' does it.");
            }
        });
        return list;
    }

    private static Command Fetch()
    {
        var name = new Argument<string>("name") { Description = $"Which guest: {DebianImages.ImageName}" };
        name.AcceptOnlyFromAmong(DebianImages.ImageName);
        var mirror = new Option<string?>("--mirror")
        {
            Description = "Address of a Debian mirror [default: the one that this computer's apt uses]",
            HelpName = "URL",
        };
        var fetch = new Command("fetch", "Fetch a guest, or bring it up to date") { name, mirror };
        fetch.SetAction(async (result, stop) =>
        {
            Show(await DebianGuest.FetchAsync(ImageStore.OfUser(), result.GetValue(mirror), stop));
            return ExitCode.Success;
        });
        return fetch;
    }

    private static void Show(CachedImage image) => Console.WriteLine(
        string.Join('\t', image.Name, image.Manifest.KernelRelease, $"{image.Manifest.Fetched:yyyy-MM-dd}",
            Path.GetDirectoryName(image.KernelPath)));
}
