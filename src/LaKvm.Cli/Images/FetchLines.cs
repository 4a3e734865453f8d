using LaKvm.Images;

namespace LaKvm.Cli;

/// <summary>
/// How far a fetch is, in lines of text: one for each step, and one every two seconds of the download.
/// </summary>
/// <param name="write">Takes the lines.</param>
/// <param name="time">The clock.</param>
internal sealed class FetchLines(Action<string> write, TimeProvider time) : IProgress<FetchProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private FetchPhase? _phase;
    private long _start;
    private long _shown;

    /// <inheritdoc/>
    public void Report(FetchProgress value)
    {
        long now = time.GetTimestamp();
        if (_phase != value.Phase)
        {
            (_phase, _start, _shown) = (value.Phase, now, now);
            string title = FetchBars.Titles[(int)value.Phase];
            write($"lakvm: {char.ToLowerInvariant(title[0])}{title[1..]}{Size(value)}");
        }
        else if (value.TotalBytes > 0 && time.GetElapsedTime(_shown, now) >= Interval)
        {
            _shown = now;
            write($"lakvm: {Progress(value, time.GetElapsedTime(_start, now))}");
        }
    }

    private static string Size(FetchProgress value) =>
        value.TotalBytes > 0 ? $", {ByteSize.Format((ulong)value.TotalBytes)}" : "";

    private static string Progress(FetchProgress value, TimeSpan elapsed)
    {
        double speed = value.DoneBytes / elapsed.TotalSeconds;
        string done = $"{ByteSize.Format((ulong)value.DoneBytes)} of {ByteSize.Format((ulong)value.TotalBytes)}";
        return speed < 1 ? done
            : $"{done}, {ByteSize.Format((ulong)speed)}/s, {(value.TotalBytes - value.DoneBytes) / speed:F0} s left";
    }
}
