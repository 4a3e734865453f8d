using LaKvm.Cpu;
using LaKvm.Memory;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The guest's timer between two cores, tick by tick.</summary>
public sealed unsafe class GuestTimerTests : IDisposable
{
    private const ulong Period = 1000, Enable = 1, Periodic = 2;

    private readonly ManualClock _clock = new();
    private readonly PhysicalMemory _memory = new();
    private readonly VcpuRegisters _registers = new(0);
    private readonly InterruptQueue _interrupts;
    private readonly GuestTimer _timer;
    private readonly Core _first;
    private readonly Core _second;

    public GuestTimerTests()
    {
        _interrupts = new InterruptQueue(new VcpuTracer(new KvmTracer(), 0, _registers));
        _timer = new GuestTimer(_clock, _interrupts);
        _first = new Core(0, _memory, new NoDevices(), _clock);
        _second = new Core(1, _memory, new NoDevices(), _clock);
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _registers.Dispose();
        _memory.Dispose();
    }

    [Theory]
    [InlineData(300, 500, 200, false)] // still in the period that it left
    [InlineData(300, 800, 900, true)] // one ended
    [InlineData(300, 2800, 900, true)] // three ended: one interrupt
    [InlineData(0, 1000, 1000, true)] // just at the end
    public void Periodic_timer_goes_on_in_step_while_it_is_in_no_core(
        ulong run, ulong away, ulong remaining, bool isPending)
    {
        Start(Period | Periodic);
        _clock.Ticks += run;
        Save();
        _clock.Ticks += away;

        Restore();

        _second.ReadGcsr(Csr.Tval).Should().Be(remaining);
        _interrupts.IsPending(Estat.Ti).Should().Be(isPending);
        _clock.Ticks += remaining;
        _timer.IsPending(_second).Should().BeTrue("the next period ends in step with those before");
    }

    [Theory]
    [InlineData(300, 500, 200, false)]
    [InlineData(300, 700, 0, true)]
    [InlineData(300, 5000, 0, true)]
    public void One_shot_fires_where_it_would_have(ulong run, ulong away, ulong remaining, bool isPending)
    {
        Start(Period);
        _clock.Ticks += run;
        Save();
        _clock.Ticks += away;

        Restore();

        _timer.IsPending(_second).Should().Be(isPending);
        (_second.ReadGcsr(Csr.Tval) <= Period ? _second.ReadGcsr(Csr.Tval) : 0).Should().Be(remaining);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_shot_that_has_fired_stays_acknowledged_or_pending(bool isAcknowledged)
    {
        Start(Period);
        _clock.Ticks += Period;
        _timer.IsPending(_first).Should().BeTrue();
        if (isAcknowledged)
        {
            _first.ExchangeGcsr(Csr.Ticlr, 1, ulong.MaxValue);
        }

        Save();
        _clock.Ticks += 50;
        Restore();

        _timer.IsPending(_second).Should().Be(!isAcknowledged);
        _second.ReadGcsr(Csr.Tval).Should().BeGreaterThan(Period);
        _clock.Ticks += 10 * Period;
        _timer.IsPending(_second).Should().Be(!isAcknowledged, "it fires once");
    }

    [Fact]
    public void Stopped_timer_keeps_its_value_and_ends_no_sleep()
    {
        Start(Period);
        _clock.Ticks += 100;
        _first.ExchangeGcsr(Csr.Tcfg, Period, ulong.MaxValue);
        Save();
        _clock.Ticks += 10 * Period;
        Restore();

        _second.ReadGcsr(Csr.Tval).Should().Be(Period - 100);
        _timer.Arm(_second);
        _timer.Remaining().Should().BeNull();
        _timer.IsDue.Should().BeFalse();
    }

    [Fact]
    public void Sleep_ends_when_the_timer_is_due_and_not_before()
    {
        Start(Period);
        _clock.Ticks += 400;
        _timer.Arm(_first);

        _timer.Remaining().Should().Be(6000, "600 ticks of 10 ns remain");
        _clock.Ticks += 599;
        _timer.IsDue.Should().BeFalse();
        _clock.Ticks++;
        _timer.IsDue.Should().BeTrue();
        _timer.Remaining().Should().Be(0);
        _timer.Disarm();
        _timer.IsDue.Should().BeFalse();
    }

    [Fact]
    public void Timer_of_another_guest_does_not_fire_into_a_status_that_is_restored()
    {
        _second.ExchangeGcsr(Csr.Tcfg, 8 | Enable, ulong.MaxValue);
        _clock.Ticks += 100;

        Restore(); // of a guest without a timer

        _timer.IsPending(_second).Should().BeFalse();
    }

    private void Start(ulong config) => _first.ExchangeGcsr(Csr.Tcfg, config | Enable, ulong.MaxValue);

    private void Save() => _timer.Save(_first, _registers.Csr);

    private void Restore() => _timer.Restore(_second, _registers.Csr);

    private sealed class ManualClock : IClock
    {
        public ulong Ticks { get; set; } = 1_000_000;
    }

    private sealed class NoDevices : ICoreBus
    {
        public bool Answers(ulong physicalAddress, int size) => false;

        public ulong ReadMmio(ulong physicalAddress, int size) => 0;

        public void WriteMmio(ulong physicalAddress, int size, ulong value)
        {
        }

        public ulong ReadIocsr(int core, uint address, int size) => 0;

        public void WriteIocsr(int core, uint address, int size, ulong value)
        {
        }
    }
}
