using LaKvm.Images.Debian;
using LaKvm.Images.Store;
using Spectre.Console;

namespace LaKvm.Cli;

/// <summary>The guest of those who name no kernel: Debian's, fetched when it is not there yet.</summary>
internal static class DebianGuest
{
    /// <summary>
    /// Adds the Debian kernel, and its initial RAM disk unless the user names one, to options without kernel or
    /// firmware. What starts a program is in that RAM disk, so a kernel of the user's gets it too then.
    /// </summary>
    internal static async Task<GuestOptions> CompleteAsync(GuestOptions options, CancellationToken stop)
    {
        if ((options.Kernel != null && options.Program == null) || options.Firmware != null)
        {
            return options;
        }

        ImageStore store = ImageStore.OfUser();
        CachedImage? image = store.Find(DebianImages.ImageName);
        if (image == null || (options.Program != null && !DebianImages.IsOfThisVersion(image)))
        {
            image = await FetchAsync(store, null, stop);
        }

        return options with
        {
            Kernel = options.Kernel ?? image.KernelPath,
            Initrd = options.Initrd ?? image.InitrdPath,
            Image = image,
        };
    }

    /// <summary>
    /// Fetches or updates the image, and shows on stderr how far that is; also the library for its network, where this
    /// computer has none.
    /// </summary>
    internal static async Task<CachedImage> FetchAsync(ImageStore store, string? mirror, CancellationToken stop)
    {
        CachedImage image = await FetchImageAsync(store, mirror, stop);
        if (UserNetworkLibrary.Find() == null)
        {
            // Its lack is no reason to have no guest.
            await UserNetworkLibrary.TryFetchAsync(stop);
        }

        return image;
    }

    private static async Task<CachedImage> FetchImageAsync(ImageStore store, string? mirror, CancellationToken stop)
    {
        var images = new DebianImages(store);
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine("lakvm: fetching the Debian guest, which takes a minute or two and happens once");
            return await images.FetchAsync(new FetchLines(Console.Error.WriteLine, TimeProvider.System), mirror, stop);
        }

        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await FetchBars.Progress(console)
            .StartAsync(context => images.FetchAsync(new FetchBars(context), mirror, stop));
    }
}
