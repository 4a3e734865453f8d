using System.Diagnostics;
using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Interrupts, idle, the timer, kicks and sharing of cores.</summary>
public class InterruptTests : IDisposable
{
    private const int T1 = 13;
    private const ulong VectorBase = 0x30_0000;

    private const string Stop = """

        li.d    $s8, 0x1fe00ff8
        st.d    $zero, $s8, 0
        """;

    /// <summary>Reads ESTAT into t1 and ends.</summary>
    private const string Handler = "csrrd $t1, 5" + Stop;

    private readonly GuestBench _bench;

    public InterruptTests()
        : this(engine: null)
    {
    }

    private protected InterruptTests(Func<Core, IExecutionEngine>? engine) => _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    [InlineData(12)]
    public void Interrupt_from_user_space_is_taken_by_the_guest(int irq)
    {
        Vcpu vcpu = StartWithHandler("""
            li.w    $t0, 0x1fff
            csrwr   $t0, 4
            ori     $t0, $zero, 4
            csrxchg $t0, $t0, 0
            1: b    1b
            """);
        vcpu.Interrupt(irq);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        (Gpr(vcpu, T1) & 0x7fff).Should().Be(1ul << irq);
    }

    [Fact]
    public void Interrupt_reaches_a_guest_that_runs()
    {
        Vcpu vcpu = StartWithHandler("""
            ori     $t0, $zero, 4
            csrwr   $t0, 4
            ori     $t0, $zero, 4
            csrxchg $t0, $t0, 0
            1: b    1b
            """);
        using var timer = new Timer(_ => vcpu.Interrupt(2), null, 20, Timeout.Infinite);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        (Gpr(vcpu, T1) & 0x7fff).Should().Be(1 << 2);
    }

    [Fact]
    public async Task Idle_vcpu_is_woken_by_an_interrupt()
    {
        Vcpu vcpu = _bench.Start("""
            ori     $t0, $zero, 4
            csrwr   $t0, 4
            idle    0
            csrrd   $t1, 5
            """ + Stop);
        VcpuStatistics statistics = GuestBench.CoreOf(_bench.Process, vcpu).Statistics;
        Task wake = Task.Factory.StartNew(() =>
        {
            SpinWait.SpinUntil(() => statistics["blocking"] == 1, TimeSpan.FromSeconds(30));
            Thread.Sleep(30);
            vcpu.Interrupt(2);
        }, TaskCreationOptions.LongRunning);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        await wake;
        Gpr(vcpu, T1).Should().Be(1 << 2);
        statistics["idle_exits"].Should().Be(1);
        statistics["halt_wakeup"].Should().Be(1);
        statistics["halt_wait_ns"].Should().BeGreaterThan(1_000_000);
    }

    [Fact]
    public void Idle_does_not_wait_for_what_has_been_delivered_already()
    {
        Vcpu vcpu = _bench.Start("""
            ori     $t0, $zero, 4
            csrwr   $t0, 4
            cpucfg  $t0, $zero
            idle    0
            """ + Stop);
        vcpu.Interrupt(2);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);
    }

    [Fact]
    public void Idle_vcpu_is_woken_by_its_timer_in_time()
    {
        Vcpu vcpu = _bench.Start("""
            ori     $t0, $zero, 0x800
            csrxchg $t0, $t0, 4
            rdtime.d $s0, $zero
            li.d    $t0, 1000001
            csrwr   $t0, 0x41
            idle    0
            csrrd   $t1, 5
            rdtime.d $s1, $zero
            """ + Stop);
        vcpu.Counter = 0;

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        ulong[] gpr = vcpu.GetRegisters().Gpr;
        gpr[T1].Should().Be(1 << 11);
        (gpr[24] - gpr[23]).Should().BeInRange(1_000_000, 20_000_000, "10 ms were asked for");
    }

    [Fact]
    public void Periodic_timer_interrupts_a_running_guest_again_and_again()
    {
        _bench.Load("""
            ori     $t0, $zero, 1
            csrwr   $t0, 0x44
            addi.d  $s0, $s0, 1
            ori     $t0, $zero, 5
            beq     $s0, $t0, 1f
            ertn
            1:
            """ + Stop, VectorBase);
        _bench.Load("""
            ori     $t0, $zero, 0x800
            csrwr   $t0, 4
            li.d    $t0, 100003
            csrwr   $t0, 0x41
            ori     $t0, $zero, 4
            csrxchg $t0, $t0, 0
            1: b    1b
            """);
        Vcpu vcpu = _bench.CreateVcpu();
        vcpu.SetCsr(0xc, VectorBase);

        var time = Stopwatch.StartNew();
        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        time.ElapsedMilliseconds.Should().BeGreaterThanOrEqualTo(4);
        Gpr(vcpu, 23).Should().Be(5);
    }

    [Fact]
    public void Timer_that_expires_while_in_user_space_is_pending_on_return()
    {
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 20000001
            csrwr   $t0, 0x41
            li.d    $s8, 0x1fe00000
            st.d    $zero, $s8, 0
            csrrd   $t1, 5
            csrrd   $t2, 0x42
            """ + Stop);
        vcpu.Run();
        vcpu.GetCsr(0x42).Should().BeInRange(1, 20_000_000);
        Thread.Sleep(230);

        vcpu.Run();

        ulong[] gpr = vcpu.GetRegisters().Gpr;
        gpr[T1].Should().Be(1 << 11);
        gpr[14].Should().BeGreaterThan(20_000_000, "the timer counts on from -1");
    }

    [Fact]
    public void Timer_survives_another_vcpu_on_the_same_core()
    {
        using var bench = new GuestBench(cpus: 1);
        bench.Load("""
            ori     $t0, $zero, 0x800
            csrwr   $t0, 4
            li.d    $t0, 2000001
            csrwr   $t0, 0x41
            li.d    $s8, 0x1fe00000
            st.d    $zero, $s8, 0
            idle    0
            csrrd   $t1, 5
            """ + Stop);
        Vcpu first = bench.CreateVcpu();
        Vcpu second = bench.CreateVcpu(1);

        first.Run();
        second.Run();
        first.GetCsr(0x41).Should().Be(2_000_001);
        first.Run().Address.Should().Be(0x1fe0_0ff8);
        second.Run().Address.Should().Be(0x1fe0_0ff8);

        first.GetRegisters().Gpr[T1].Should().Be(1 << 11);
        second.GetRegisters().Gpr[T1].Should().Be(1 << 11);
    }

    [Fact]
    public async Task Run_of_a_guest_that_never_exits_is_ended_from_outside()
    {
        Vcpu vcpu = _bench.Start("1: b 1b");
        Task<VcpuExit> run = Task.Factory.StartNew(vcpu.Run, TaskCreationOptions.LongRunning);
        await Task.Delay(20);

        vcpu.RequestExit();

        (await run.WaitAsync(TimeSpan.FromSeconds(10))).Kind.Should().Be(VcpuExitKind.Interrupted);
    }

    [Fact]
    public async Task Run_of_an_idle_guest_is_ended_from_outside()
    {
        Vcpu vcpu = _bench.Start("idle 0");
        Task<VcpuExit> run = Task.Factory.StartNew(vcpu.Run, TaskCreationOptions.LongRunning);
        await Task.Delay(20);

        vcpu.RequestExit();

        (await run.WaitAsync(TimeSpan.FromSeconds(10))).Kind.Should().Be(VcpuExitKind.Interrupted);
    }

    [Fact]
    public async Task Vcpus_that_share_a_core_both_make_progress_and_see_stolen_time()
    {
        using var bench = new GuestBench(cpus: 1);
        bench.Load("""
            1:
            addi.d  $s0, $s0, 1
            st.d    $s0, $s1, 0
            b       1b
            """);
        Vcpu[] vcpus = [bench.CreateVcpu(0), bench.CreateVcpu(1)];
        for (int i = 0; i < 2; i++)
        {
            var gpr = new ulong[32];
            gpr[24] = 0x40_0000 + ((ulong)i * 0x1000);
            vcpus[i].SetRegisters(gpr, GuestBench.CodeBase);
            GuestBench.CoreOf(bench.Process, vcpus[i]).Steal.SetAddress(0x50_0001 + ((ulong)i * 64)).Should()
                .Be(Errno.None);
        }

        Task[] runs = [.. vcpus.Select(v => Task.Factory.StartNew(v.Run, TaskCreationOptions.LongRunning))];
        for (int i = 0; i < 200 && !(Both(0x40_0000, 0x1000) && Both(0x50_0000, 64)); i++)
        {
            await Task.Delay(50);
        }

        foreach (Vcpu vcpu in vcpus)
        {
            vcpu.RequestExit();
        }

        await Task.WhenAll(runs).WaitAsync(TimeSpan.FromSeconds(10));
        for (ulong i = 0; i < 2; i++)
        {
            bench.ReadRam(0x40_0000 + (i * 0x1000)).Should().BePositive();
            bench.ReadRam(0x50_0000 + (i * 64)).Should().BePositive("the other vCPU had the core");
            (bench.ReadRam(0x50_0008 + (i * 64)) & 1).Should().Be(0, "the version is even at rest");
        }

        bool Both(ulong address, ulong distance) =>
            bench.ReadRam(address) != 0 && bench.ReadRam(address + distance) != 0;
    }

    [Fact]
    public async Task Ipi_by_hypercall_wakes_the_vcpus_of_its_bitmap()
    {
        _bench.Load("""
            ori     $t0, $zero, 1
            csrwr   $t0, 4
            idle    0
            csrrd   $t1, 5
            """ + Stop, 0x31_0000);
        Vcpu sleeper = _bench.CreateVcpu(1, 0x31_0000);
        Task<VcpuExit> run = Task.Factory.StartNew(sleeper.Run, TaskCreationOptions.LongRunning);
        Vcpu sender = _bench.Start("""
            ori     $a0, $zero, 1
            ori     $a1, $zero, 2
            ori     $a2, $zero, 0
            ori     $a3, $zero, 0
            hvcl    0x100
            """ + Stop);

        sender.Run();

        Gpr(sender, 4).Should().Be(0);
        (await run.WaitAsync(TimeSpan.FromSeconds(10))).Address.Should().Be(0x1fe0_0ff8);
        Gpr(sleeper, T1).Should().Be(1);
    }

    private Vcpu StartWithHandler(string program)
    {
        _bench.Load(Handler, VectorBase);
        _bench.Load(program);
        Vcpu vcpu = _bench.CreateVcpu();
        vcpu.SetCsr(0xc, VectorBase);
        return vcpu;
    }

    private static ulong Gpr(Vcpu vcpu, int register) => vcpu.GetRegisters().Gpr[register];
}

/// <summary>The same with translated code.</summary>
public sealed class TranslatedInterruptTests() : InterruptTests(GuestBench.Translator);
