using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The guest's constant timer over idle, put, and looks of user space.</summary>
public class TimerTests : IDisposable
{
    private const ulong Period = 4_000_000; // 40 ms
    private const int S0 = 23, S1 = 24, S2 = 25;

    private readonly GuestBench _bench;

    public TimerTests()
        : this(engine: null)
    {
    }

    private protected TimerTests(Func<Core, IExecutionEngine>? engine) => _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Idle_behind_a_one_shot_that_was_acknowledged_waits_for_an_interrupt()
    {
        Vcpu vcpu = _bench.Start($"""
            ori     $t0, $zero, 0x804
            csrwr   $t0, 4
            li.d    $t0, 1001
            csrwr   $t0, 0x41
            1:
            csrrd   $t1, 5
            srli.d  $t1, $t1, 11
            andi    $t1, $t1, 1
            beqz    $t1, 1b
            ori     $t0, $zero, 1
            csrwr   $t0, 0x44
            idle    0
            csrrd   $s0, 5
            li.d    $s8, {GuestBench.DeviceBase}
            st.d    $zero, $s8, 0
            """);
        var thread = new Thread(() => vcpu.Run());
        thread.Start();

        bool early = thread.Join(300);
        vcpu.Interrupt(2);

        thread.Join(5000).Should().BeTrue();
        ulong status = vcpu.GetRegisters().Gpr[S0];
        (early, status & 0x1fff).Should().Be((false, 4UL), "idle ends with an interrupt, not without one");
    }

    [Fact]
    public void Periodic_timer_read_between_runs_is_within_its_period()
    {
        Vcpu vcpu = _bench.Start($"li.d $t0, {Period | 3}\ncsrwr $t0, 0x41\nli.d $s8, {GuestBench.DeviceBase}\n"
            + "st.d $zero, $s8, 0\n");
        vcpu.Run();
        Thread.Sleep(60);

        vcpu.GetCsr(Csr.Tval).Should().BeInRange(1, Period, "hardware reloads it; only the interrupt is late");
    }

    [Fact]
    public void Periodic_timer_keeps_its_phase_while_the_vcpu_is_put()
    {
        Vcpu vcpu = _bench.Start($"""
            li.d    $s8, {GuestBench.DeviceBase}
            li.d    $t0, {Period | 3}
            csrwr   $t0, 0x41
            rdtime.d $s0, $zero
            st.d    $zero, $s8, 0
            1:
            csrrd   $s2, 0x42
            rdtime.d $s1, $zero
            st.d    $zero, $s8, 0
            b       1b
            """);
        vcpu.Run();
        Thread.Sleep(60);
        _ = vcpu.GetCsr(Csr.Crmd); // puts it

        vcpu.Run();

        ulong[] gpr = vcpu.GetRegisters().Gpr;
        ulong phase = (gpr[S1] - gpr[S0] + gpr[S2]) % Period;
        Math.Min(phase, Period - phase).Should().BeLessThan(Period / 10);
        (vcpu.GetCsr(Csr.Estat) & Estat.TiBit).Should().Be(Estat.TiBit, "a period has ended meanwhile");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Timer_that_user_space_has_set_goes_on_from_its_value(bool isPeriodic)
    {
        const ulong remaining = 300_000_000; // 3 s
        Vcpu vcpu = _bench.Start($"""
            csrrd   $s0, 0x42
            csrrd   $s1, 5
            li.d    $s8, {GuestBench.DeviceBase}
            st.d    $zero, $s8, 0
            """);
        vcpu.SetCsr(Csr.Tcfg, 400_000_000 | (isPeriodic ? 3UL : 1));
        vcpu.SetCsr(Csr.Tval, remaining);

        vcpu.Run();

        ulong[] gpr = vcpu.GetRegisters().Gpr;
        gpr[S0].Should().BeInRange(remaining / 2, remaining);
        (gpr[S1] & Estat.TiBit).Should().Be(0);
    }
}

/// <summary>The same with translated guest code.</summary>
public sealed class TranslatedTimerTests() : TimerTests(GuestBench.Translator);
