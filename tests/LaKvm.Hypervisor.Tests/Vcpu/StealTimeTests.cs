using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The time that the guest is told it was not given.</summary>
public sealed class StealTimeTests : IDisposable
{
    private const ulong Area = 0x50_0000;
    private const string Forever = "1:\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\nb 1b\n";

    private readonly GuestBench _bench = new();
    private readonly Vcpu _vcpu;

    public StealTimeTests()
    {
        _vcpu = _bench.Start(Forever);
        GuestBench.CoreOf(_bench.Process, _vcpu).Steal.SetAddress(Area | 1).Should().Be(Errno.None);
    }

    public void Dispose() => _bench.Dispose();

    private ulong Stolen => _bench.ReadRam(Area);

    private uint Version => (uint)_bench.ReadRam(Area + 8);

    [Fact]
    public void Version_grows_at_every_load()
    {
        for (uint run = 1; run <= 5; run++)
        {
            _vcpu.Run();
            Version.Should().Be(2 * run);
        }

        Stolen.Should().Be(0, "there was a core for it each time");
    }

    [Fact]
    public void What_the_thread_waited_outside_of_the_vcpu_is_stolen_too()
    {
        _vcpu.Run();
        HostThread.Current.AddRunDelay(12_345);
        _vcpu.Run();
        Stolen.Should().Be(12_345);
        _vcpu.Run();
        Stolen.Should().Be(12_345);
    }

    [Fact]
    public void What_another_thread_waited_before_it_ran_the_vcpu_is_not_stolen()
    {
        HostThread.Current.AddRunDelay(1000);
        _vcpu.Run();
        var other = new Thread(() =>
        {
            HostThread.Current.AddRunDelay(500);
            _vcpu.Run();
            HostThread.Current.AddRunDelay(20);
            _vcpu.Run();
        });
        other.Start();
        other.Join();
        Stolen.Should().Be(20);
    }

    [Fact]
    public void Mark_of_preemption_is_taken_away_at_the_next_load()
    {
        _vcpu.Run();
        _bench.Ram.Write(Area + 16, [1]).Should().BeTrue();
        _vcpu.Run();
        (_bench.ReadRam(Area + 16) & 0xff).Should().Be(0);
    }

    [Fact]
    public void Update_marks_its_page_in_the_dirty_log()
    {
        _bench.Vm.SetMemoryRegion(0, 0, _bench.Ram, flags: 1);
        _vcpu.Run();
        ulong[] log = _bench.Vm.GetDirtyLog(0, GuestBench.RamSize / HostPages.DefaultPageSize);
        ulong page = Area / HostPages.DefaultPageSize;
        ((log[page / 64] >> (int)(page % 64)) & 1).Should().Be(1);
    }

    [Fact]
    public void Version_is_odd_only_while_the_values_change()
    {
        _bench.Ram.Write(Area + 8, [7, 0, 0, 0]).Should().BeTrue();
        _vcpu.Run();
        Version.Should().Be(8);
    }
}
