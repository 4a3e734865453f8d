using LaKvm.Devices;

namespace LaKvm.Running.Tests;

public class HostSourcesTests
{
    [Fact]
    public void Random_bytes_are_not_constant()
    {
        MachineSources sources = HostSources.Create();

        sources.Seed().Distinct().Count().Should().BeGreaterThan(8);
        sources.Seed().Should().NotEqual(sources.Seed());
    }

    [Fact]
    public void Counter_begins_at_0_goes_on_and_can_stand_still()
    {
        MachineSources sources = HostSources.Create();
        ulong begin = sources.Ticks;
        Thread.Sleep(20);
        begin.Should().BeLessThan(100_000_000);
        sources.Ticks.Should().BeGreaterThan(begin + 1_000_000);

        IPausable clock = sources.Pausable.Should().ContainSingle().Subject;
        clock.Pause(TimeSpan.Zero).Should().BeTrue();
        ulong stopped = sources.Ticks;
        Thread.Sleep(500);
        sources.Ticks.Should().Be(stopped);
        clock.Resume();
        sources.Ticks.Should().BeInRange(stopped, stopped + 40_000_000, "the pause has not passed");
    }
}
