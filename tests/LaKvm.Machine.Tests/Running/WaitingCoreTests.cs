using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Memory;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

/// <summary>Cores that wait for others: idle, and in a loop that reads memory.</summary>
public sealed unsafe class WaitingCoreTests : IDisposable
{
    private const int Line = 4;

    private readonly StepClock _clock = new();
    private readonly PhysicalMemory _memory = new();
    private readonly Core _core;

    public WaitingCoreTests()
    {
        _core = new Core(0, _memory, new NoBus(), _clock);
        _core.ExchangeCsr(Csr.Ecfg, 1 << Line, 1 << Line);
        _core.SetInterruptLine(Line, true);
    }

    public void Dispose()
    {
        _core.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void Idle_looks_for_an_interrupt_before_it_sleeps_once_waits_are_short()
    {
        var share = new HostShare(1);
        share.Enter();
        var idle = new IdleWait(_core, share);
        _clock.Step = 1_000;
        idle.Wait();
        idle.Sleeps.Should().Be(1, "nothing is known yet");
        idle.Wait();
        idle.Wait();
        idle.Sleeps.Should().Be(1);

        _clock.Step = 10_000;
        _core.SetInterruptLine(Line, false);
        _clock.Then = () => _core.SetInterruptLine(Line, true);
        idle.Wait();
        idle.Sleeps.Should().Be(2, "the host has interrupted the look");
        _clock.Step = 100_000;
        idle.Wait();
        idle.Sleeps.Should().Be(3, "it is not repeated at once");
        idle.Wait();
        idle.Sleeps.Should().Be(4, "waits were long");
    }

    [Fact]
    public void Idle_sleeps_at_once_while_more_cores_compute_than_the_host_has_processors()
    {
        var share = new HostShare(1);
        share.Enter();
        share.Enter();
        var idle = new IdleWait(_core, share);
        _clock.Step = 1_000;
        idle.Wait();
        idle.Wait();
        idle.Sleeps.Should().Be(2);
        share.Leave();
        idle.Wait();
        idle.Sleeps.Should().Be(2);
    }

    [Fact]
    public void Core_waits_if_a_slice_ends_where_the_last_one_did_with_the_same_registers()
    {
        var spin = new SpinWatch(_core);
        _core.State->Pc = 0x1000;
        spin.IsWaiting().Should().BeFalse("it has only just come there");
        _core.State->Pc = 0x1008;
        spin.IsWaiting().Should().BeTrue();
        CpuState.WriteGpr(_core.State, 12, 5);
        spin.IsWaiting().Should().BeFalse("it counts");
        _core.State->Pc = 0x1100;
        spin.IsWaiting().Should().BeFalse("it went on");
        _core.State->Pc = 0x10f8;
        spin.IsWaiting().Should().BeTrue();
    }

    /// <summary>A clock that goes on whenever it is read.</summary>
    private sealed class StepClock : IClock
    {
        private ulong _ticks;
        private int _reads;

        public ulong Step { get; set; }

        /// <summary>What happens at the third look: the one that a core takes before it sleeps.</summary>
        public Action? Then { get; set; }

        public ulong Ticks
        {
            get
            {
                _ticks += Step;
                if (Then != null && ++_reads == 3)
                {
                    Then();
                }

                return _ticks;
            }
        }
    }
}
