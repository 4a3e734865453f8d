using LaKvm.Images;
using LaKvm.Images.Debian;
using LaKvm.Images.Store;
using Spectre.Console;

namespace LaKvm.Cli;

/// <summary>The guest of those who name no kernel: Debian's, fetched when it is not there yet.</summary>
internal static class DebianGuest
{
    /// <summary>Adds the Debian kernel, and its initial RAM disk unless the user names one, to options without kernel.</summary>
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

    /// <summary>Fetches or updates the image, with a progress bar on stderr if that is a terminal.</summary>
    internal static async Task<CachedImage> FetchAsync(ImageStore store, string? mirror, CancellationToken stop)
    {
        var images = new DebianImages(store);
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine("lakvm: fetching the Debian guest, which takes a minute or two and happens once");
            return await images.FetchAsync(new NoProgress(), mirror, stop);
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => images.FetchAsync(new Bars(context), mirror, stop));
    }

    private sealed class NoProgress : IProgress<FetchProgress>
    {
        public void Report(FetchProgress value)
        {
        }
    }

    /// <summary>One bar for each step of the fetch.</summary>
    private sealed class Bars : IProgress<FetchProgress>
    {
        private static readonly string[] Titles =
            ["Reading package lists", "Downloading packages", "Unpacking", "Building the initial RAM disk"];

        private readonly ProgressTask[] _bars;

        internal Bars(ProgressContext context) => _bars = [.. Titles.Select(title => context.AddTask(title, maxValue: 1))];

        public void Report(FetchProgress value)
        {
            for (int step = 0; step < (int)value.Phase; step++)
            {
                _bars[step].Value = 1;
            }

            _bars[(int)value.Phase].Value = value.Fraction;
        }
    }
}
