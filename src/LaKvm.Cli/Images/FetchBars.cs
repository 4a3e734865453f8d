using LaKvm.Images;
using Spectre.Console;

namespace LaKvm.Cli;

/// <summary>A bar for each step of a fetch; the download's has bytes, speed and the time left.</summary>
internal sealed class FetchBars : IProgress<FetchProgress>
{
    private readonly ProgressTask[] _bars;

    internal FetchBars(ProgressContext context) =>
        _bars = [.. Titles.Select(title => context.AddTask(title, autoStart: false))];

    /// <summary>What the steps are called, by <see cref="FetchPhase"/>.</summary>
    internal static IReadOnlyList<string> Titles { get; } =
        ["Reading package lists", "Downloading packages", "Unpacking", "Building the initial RAM disk"];

    /// <summary>The columns.</summary>
    internal static Progress Progress(IAnsiConsole console) => console.Progress().Columns(
        new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 },
        new PercentageColumn(),
        new OnlyBytes(new DownloadedColumn()), new OnlyBytes(new TransferSpeedColumn()),
        new OnlyBytes(new RemainingTimeColumn()));

    /// <inheritdoc/>
    public void Report(FetchProgress value)
    {
        foreach (ProgressTask earlier in _bars.Take((int)value.Phase).Where(bar => !bar.IsFinished))
        {
            earlier.Value = earlier.MaxValue;
            earlier.StopTask();
        }

        ProgressTask bar = _bars[(int)value.Phase];
        if (!bar.IsStarted)
        {
            bar.MaxValue = value.TotalBytes > 0 ? value.TotalBytes : 1;
            bar.StartTask();
        }

        bar.Value = value.Fraction * bar.MaxValue;
    }

    /// <summary>A column that is empty for steps that are not counted in bytes.</summary>
    private sealed class OnlyBytes(ProgressColumn column) : ProgressColumn
    {
        public override Spectre.Console.Rendering.IRenderable Render(
            Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            task.IsStarted && task.MaxValue > 1 ? column.Render(options, task, deltaTime) : Text.Empty;
    }
}
