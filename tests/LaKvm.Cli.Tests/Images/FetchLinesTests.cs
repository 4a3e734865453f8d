using LaKvm.Images;

namespace LaKvm.Cli.Tests.Images;

public class FetchLinesTests
{
    [Fact]
    public void Fetch_without_a_terminal_shows_steps_bytes_speed_and_time_left_now_and_then()
    {
        var clock = new Clock();
        var lines = new List<string>();
        var progress = new FetchLines(lines.Add, clock);

        progress.Report(new FetchProgress(FetchPhase.PackageLists, 0));
        progress.Report(new FetchProgress(FetchPhase.PackageLists, 1));
        for (int second = 0; second <= 4; second++)
        {
            clock.Seconds = second;
            progress.Report(new FetchProgress(FetchPhase.Packages, second / 8.0, 80 << 20));
            progress.Report(new FetchProgress(FetchPhase.Packages, second / 8.0, 80 << 20));
        }

        progress.Report(new FetchProgress(FetchPhase.Build, 0));

        lines.Should().Equal(
            "lakvm: reading package lists",
            "lakvm: downloading packages, 80 MiB",
            "lakvm: 20 MiB of 80 MiB, 10 MiB/s, 6 s left",
            "lakvm: 40 MiB of 80 MiB, 10 MiB/s, 4 s left",
            "lakvm: building the initial RAM disk");
    }

    private sealed class Clock : TimeProvider
    {
        internal int Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
