using LaKvm.Images.Debian;
using LaKvm.Images.Store;
using Spectre.Console;

namespace LaKvm.Cli;

/// <summary>The guest of those who name no kernel: Debian's, fetched when it is not there yet.</summary>
internal static class DebianGuest
{
    /// <summary>
    /// Adds the Debian kernel, and its initial RAM disk unless the user names one, to options without kernel.
    /// </summary>
    internal static async Task<GuestOptions> CompleteAsync(GuestOptions options, CancellationToken stop)
    {
        if (options.Kernel != null)
        {
            return options;
        }

        ImageStore store = ImageStore.OfUser();
        CachedImage image = store.Find(DebianImages.ImageName) ?? await FetchAsync(store, null, stop);
        return options with { Kernel = image.KernelPath, Initrd = options.Initrd ?? image.InitrdPath, Image = image };
    }

    /// <summary>Fetches or updates the image, and shows on stderr how far that is.</summary>
    internal static async Task<CachedImage> FetchAsync(ImageStore store, string? mirror, CancellationToken stop)
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
