using System.Diagnostics;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Polling and sleeping in an idle instruction, and what the statistics say of it.</summary>
public sealed class HaltTests : IDisposable
{
    private const uint Limit = 200_000;
    private const string Stop = "\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\n";

    private readonly GuestBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Polling_grows_with_short_waits_up_to_the_limit_and_shrinks_with_long_ones()
    {
        var polling = new HaltPolling();
        polling.Begin(Limit).Should().Be(0);
        polling.Finish(20_000, Limit);
        polling.Nanoseconds.Should().Be(10_000);
        polling.Finish(5_000, Limit);
        polling.Nanoseconds.Should().Be(10_000, "polling was long enough");
        polling.Finish(10_001, Limit);
        polling.Nanoseconds.Should().Be(20_000);
        polling.Finish(Limit, Limit);
        polling.Nanoseconds.Should().Be(20_000, "a wait of just the limit says nothing");
        polling.Finish(Limit + 1, Limit);
        polling.Nanoseconds.Should().Be(10_000);
        polling.Finish(Limit + 1, Limit);
        polling.Nanoseconds.Should().Be(0, "it does not go below where it starts");
    }

    [Fact]
    public void Polling_follows_a_lower_limit_and_ends_without_one()
    {
        var polling = new HaltPolling();
        for (int i = 0; i < 10; i++)
        {
            polling.Finish(polling.Nanoseconds + 1, Limit);
        }

        polling.Begin(Limit).Should().Be(Limit);
        polling.Begin(50_000).Should().Be(50_000);
        polling.Finish(10, 0);
        polling.Nanoseconds.Should().Be(0);
    }

    [Fact]
    public void Times_polled_and_waited_add_up_to_no_more_than_passed()
    {
        Vcpu vcpu = _bench.Start(string.Concat(Enumerable.Repeat("idle 0\n", 8)) + Stop);
        _bench.Vm.EnableCapability(KvmCap.HaltPoll, 200_000_000);
        bool done = false;
        long start = Stopwatch.GetTimestamp();
        var kicker = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                Thread.Sleep(30);
                vcpu.Interrupt(3);
                vcpu.Interrupt(-3);
            }
        });
        kicker.Start();
        vcpu.Run();
        double total = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        Volatile.Write(ref done, true);
        kicker.Join();

        VcpuStatistics s = Statistics(vcpu);
        ulong sum = s["halt_wait_ns"] + s["halt_poll_fail_ns"] + s["halt_poll_success_ns"];
        ((double)sum).Should().BeLessThanOrEqualTo(total * 1.02);
        s["halt_attempted_poll"].Should().Be(s["halt_poll_success_hist"] + s["halt_poll_fail_hist"]);
        s["halt_successful_poll"].Should().Be(s["halt_poll_success_hist"]);
        s["halt_poll_invalid"].Should().Be(0);
    }

    [Fact]
    public void Wait_that_a_signal_ends_is_no_wake_up()
    {
        Vcpu vcpu = _bench.Start("idle 0" + Stop);
        HostThread? thread = null;
        var run = new Thread(() =>
        {
            thread = HostThread.Current;
            vcpu.Run();
        });
        run.Start();
        SpinWait.SpinUntil(() => Statistics(vcpu)["blocking"] == 1);
        Thread.Sleep(20);

        thread!.Signal(10);

        run.Join(5000).Should().BeTrue();
        Statistics(vcpu)["halt_wakeup"].Should().Be(0);
        Statistics(vcpu)["signal_exits"].Should().Be(1);
        Statistics(vcpu)["halt_wait_hist"].Should().Be(1);
        Statistics(vcpu)["blocking"].Should().Be(0);
    }

    [Fact]
    public void Timer_that_ends_a_sleep_counts_as_a_wake_up()
    {
        Vcpu vcpu = _bench.Start(
            "ori $t0, $zero, 0x800\ncsrwr $t0, 4\nli.d $t0, 1000001\ncsrwr $t0, 0x41\nidle 0" + Stop);

        vcpu.Run();

        Statistics(vcpu)["halt_wakeup"].Should().Be(1);
        Statistics(vcpu)["idle_exits"].Should().Be(1);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(1023, 10)]
    [InlineData(1024, 11)]
    [InlineData(1UL << 30, 31)]
    [InlineData(ulong.MaxValue, 31)]
    public void Histogram_has_a_bucket_for_each_power_of_two(ulong value, int bucket)
    {
        var statistics = new VcpuStatistics();

        statistics.Record(VcpuStat.HaltWaitHist, value);

        int row = (int)VcpuStat.HaltWaitHist;
        ReadOnlySpan<ulong> values = statistics.Values.Slice(statistics.Offsets[row], VcpuStatistics.HistogramBuckets);
        var expected = new ulong[VcpuStatistics.HistogramBuckets];
        expected[bucket] = 1;
        values.ToArray().Should().Equal(expected);
    }

    private VcpuStatistics Statistics(Vcpu vcpu) => GuestBench.CoreOf(_bench.Process, vcpu).Statistics;
}
