using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the hypervisor emulates itself and what reaches user space.</summary>
public class ExitTests : IDisposable
{
    private const int A0 = 4, T0 = 12, T1 = 13, T2 = 14, T3 = 15;

    /// <summary>Ends a program with a store that names it.</summary>
    private const string Stop = """

        li.d    $s8, 0x1fe00ff8
        st.d    $zero, $s8, 0
        """;

    private readonly GuestBench _bench;

    public ExitTests()
        : this(engine: null)
    {
    }

    private protected ExitTests(Func<Core, IExecutionEngine>? engine) => _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Cpucfg_shows_the_guests_words_and_the_hypervisor()
    {
        Vcpu vcpu = RunToEnd("""
            ori     $t0, $zero, 2
            cpucfg  $t0, $t0
            lu12i.w $t1, 0x40000
            cpucfg  $t2, $t1
            addi.d  $t1, $t1, 4
            cpucfg  $t3, $t1
            cpucfg  $zero, $t1
            """);

        Gpr(vcpu, T0).Should().Be(HostProcess.Cpucfg(2) & vcpu.GetCpucfgMask(2));
        (Gpr(vcpu, T0) & (1 << 10)).Should().Be(0, "a guest has no LVZ");
        Gpr(vcpu, T2).Should().Be(0x004d_564b);
        Gpr(vcpu, T3).Should().Be(0b1110);
        Gpr(vcpu, 0).Should().Be(0);
    }

    [Fact]
    public void Csr_kept_by_software_is_read_swapped_and_masked()
    {
        Vcpu vcpu = RunToEnd("""
            li.d    $t0, 0xff
            csrwr   $t0, 0x80
            li.d    $t1, 0x3c
            ori     $t2, $zero, 0xf0
            csrxchg $t1, $t2, 0x80
            csrrd   $t3, 0x80
            csrrd   $a0, 0x50
            """);

        Gpr(vcpu, T0).Should().Be(0);
        Gpr(vcpu, T1).Should().Be(0xff);
        Gpr(vcpu, T3).Should().Be(0x3f);
        Gpr(vcpu, A0).Should().Be(0, "the guest has no GSTAT");
        vcpu.GetCsr(0x80).Should().Be(0x3f);
        _bench.Log.Should().ContainSingle().Which.Should().Contain("CSR 0x50");
    }

    [Theory]
    [InlineData("ld.b", 1, 0x80ul, 0xffff_ffff_ffff_ff80ul)]
    [InlineData("ld.bu", 1, 0x80ul, 0x80ul)]
    [InlineData("ld.h", 2, 0x8001ul, 0xffff_ffff_ffff_8001ul)]
    [InlineData("ld.hu", 2, 0x8001ul, 0x8001ul)]
    [InlineData("ld.w", 4, 0x8000_0001ul, 0xffff_ffff_8000_0001ul)]
    [InlineData("ld.wu", 4, 0x8000_0001ul, 0x8000_0001ul)]
    [InlineData("ld.d", 8, 0x8000_0000_0000_0001ul, 0x8000_0000_0000_0001ul)]
    [InlineData("ldptr.w", 4, 0x8000_0001ul, 0xffff_ffff_8000_0001ul)]
    [InlineData("ldptr.d", 8, 0x1122_3344_5566_7788ul, 0x1122_3344_5566_7788ul)]
    public void Load_from_a_device_is_extended_as_the_instruction_says(
        string load, int size, ulong data, ulong expected)
    {
        Vcpu vcpu = _bench.Start($"li.d $t0, 0x1fe00000\n{load} $t1, $t0, 16{Stop}");

        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, 0x1fe0_0010, size, false, 0));
        vcpu.SetReadData(data);
        vcpu.Run();

        Gpr(vcpu, T1).Should().Be(expected);
    }

    [Theory]
    [InlineData("ldx.b", 1, false, 0xffff_ffff_ffff_fff0ul)]
    [InlineData("ldx.bu", 1, false, 0xf0ul)]
    [InlineData("ldx.hu", 2, false, 0xf0f0ul)]
    [InlineData("ldx.wu", 4, false, 0xf0f0_f0f0ul)]
    [InlineData("ldx.w", 4, false, 0xffff_ffff_f0f0_f0f0ul)]
    [InlineData("ldx.d", 8, false, 0xf0f0_f0f0_f0f0_f0f0ul)]
    [InlineData("stx.b", 1, true, 0x77ul)]
    [InlineData("stx.h", 2, true, 0x6677ul)]
    [InlineData("stx.w", 4, true, 0x4455_6677ul)]
    [InlineData("stx.d", 8, true, 0x0011_2233_4455_6677ul)]
    public void Indexed_access_to_a_device_reaches_user_space(string instruction, int size, bool write, ulong value)
    {
        Vcpu vcpu = _bench.Start($"""
            li.d    $t0, 0x1fe00000
            ori     $t2, $zero, 8
            li.d    $t1, 0x0011223344556677
            {instruction} $t1, $t0, $t2{Stop}
            """);

        VcpuExit exit = vcpu.Run();
        exit.Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, 0x1fe0_0008, size, write, write ? value : 0));
        vcpu.SetReadData(0xf0f0_f0f0_f0f0_f0f0);
        vcpu.Run();

        Gpr(vcpu, T1).Should().Be(write ? 0x0011_2233_4455_6677 : value);
    }

    [Fact]
    public void Atomic_access_to_a_device_is_an_address_error()
    {
        Vcpu vcpu = RunWithHandler("""
            li.d    $t0, 0x1fe00000
            amswap.d $t1, $t2, $t0
            """);

        Ecode(vcpu).Should().Be((0x8, 1));
        vcpu.GetCsr(7).Should().Be(0x1fe0_0000);
    }

    [Fact]
    public void Jump_to_where_there_is_no_memory_is_a_fetch_address_error()
    {
        Vcpu vcpu = RunWithHandler("""
            li.d    $t0, 0x1fe00000
            jirl    $zero, $t0, 0
            """);

        Ecode(vcpu).Should().Be((0x8, 0));
    }

    [Fact]
    public void Access_above_the_guests_address_space_is_an_address_error()
    {
        Vcpu vcpu = RunWithHandler("""
            li.d    $t0, 0x800000000000
            ld.d    $t1, $t0, 0
            """);

        Ecode(vcpu).Should().Be((0x8, 1));
    }

    [Fact]
    public void Iocsr_access_reaches_user_space_and_its_read_is_sign_extended()
    {
        Vcpu vcpu = _bench.Start($"""
            ori     $t0, $zero, 0x420
            iocsrrd.w $t1, $t0
            iocsrwr.d $t1, $t0{Stop}
            """);

        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Iocsr, 0x420, 4, false, 0));
        vcpu.SetReadData(0x8000_0000);
        vcpu.Run().Should().BeEquivalentTo(
            new VcpuExit(VcpuExitKind.Iocsr, 0x420, 8, true, 0xffff_ffff_8000_0000));
    }

    [Fact]
    public void Hypercall_unknown_to_the_hypervisor_fails_in_the_guest()
    {
        Vcpu vcpu = RunToEnd("hvcl 0x155");

        Gpr(vcpu, A0).Should().Be(ulong.MaxValue);
    }

    [Fact]
    public void Hypercall_for_user_space_is_answered_by_it()
    {
        _bench.Load("ori $a1, $zero, 7\nhvcl 0x102" + Stop);
        Vcpu vcpu = _bench.CreateVcpu();
        GuestBench.CoreOf(_bench.Process, vcpu).Vm.SetPvFeatures(PvFeatures.UserHypercall).Should().Be(Errno.None);

        vcpu.Run().Kind.Should().Be(VcpuExitKind.Hypercall);
        vcpu.HypercallArguments[1].Should().Be(7);
        vcpu.SetHypercallResult(99);
        vcpu.Run();

        Gpr(vcpu, A0).Should().Be(99);
    }

    [Theory]
    [InlineData(0x1_0001)]
    [InlineData(0x1)]
    public void Breakpoint_of_a_debugger_exits_where_it_is(uint control)
    {
        Vcpu vcpu = _bench.Start("ori $t0, $zero, 1\nhvcl 0x101" + Stop);
        vcpu.GetRegister(0x9030_0000_0002_0003).Should().Be(LaKvm.Isa.Assembler.Encode("hvcl 0x101"));
        vcpu.SetGuestDebug(control);

        vcpu.Run().Kind.Should().Be(VcpuExitKind.Debug);
        vcpu.GetRegisters().Pc.Should().Be(GuestBench.CodeBase + 4);

        vcpu.SetGuestDebug(0x1_0000); // what is not enabled does not count
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
        Gpr(vcpu, A0).Should().Be(ulong.MaxValue);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Step_executes_one_instruction_and_exits_behind_it(bool interpreter)
    {
        using var bench = new GuestBench(engine: interpreter ? null : GuestBench.Translator);
        Vcpu vcpu = bench.Start("ori $t0, $zero, 1\nb 1f\nnop\n1: cpucfg $t1, $zero\nori $t0, $zero, 3" + Stop);
        vcpu.SetGuestDebug(0x3);

        foreach (ulong offset in new ulong[] { 4, 12, 16, 20 })
        {
            vcpu.Run().Kind.Should().Be(VcpuExitKind.Debug);
            vcpu.GetRegisters().Pc.Should().Be(GuestBench.CodeBase + offset);
        }

        Gpr(vcpu, T0).Should().Be(3);
        vcpu.SetGuestDebug(0x2); // what is not enabled does not count
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio, "the guest runs on to its end");
    }

    [Fact]
    public void Step_over_a_device_access_ends_when_user_space_has_answered()
    {
        Vcpu vcpu = _bench.Start($"li.d $t0, 0x1fe00000\nld.w $t1, $t0, 0\nori $t2, $zero, 7{Stop}");
        vcpu.SetGuestDebug(0x3);
        ulong load = GuestBench.CodeBase;
        VcpuExit exit;
        while ((exit = vcpu.Run()).Kind == VcpuExitKind.Debug)
        {
            load = vcpu.GetRegisters().Pc;
        }

        exit.Kind.Should().Be(VcpuExitKind.Mmio);
        vcpu.SetReadData(5);

        vcpu.Run().Kind.Should().Be(VcpuExitKind.Debug);
        vcpu.GetRegisters().Pc.Should().Be(load + 4);
        Gpr(vcpu, T0 + 1).Should().Be(5);
        Gpr(vcpu, T0 + 2).Should().Be(0, "the next instruction is another step");
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Debug);
        Gpr(vcpu, T0 + 2).Should().Be(7);
    }

    [Fact]
    public void Step_over_a_planted_breakpoint_exits_at_it()
    {
        Vcpu vcpu = _bench.Start("ori $t0, $zero, 1\nhvcl 0x101" + Stop);
        vcpu.SetGuestDebug(0x1_0003);
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Debug);
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Debug);
        vcpu.GetRegisters().Pc.Should().Be(GuestBench.CodeBase + 4);
    }

    [Fact]
    public void Read_is_completed_by_an_immediate_exit()
    {
        Vcpu vcpu = _bench.Start($"li.d $t0, 0x1fe00000\nld.w $t1, $t0, 0{Stop}");
        vcpu.Run();
        vcpu.SetReadData(5);
        vcpu.RequestExit();

        vcpu.Run().Kind.Should().Be(VcpuExitKind.Interrupted);

        Gpr(vcpu, T1).Should().Be(5);
        vcpu.AllowRun();
        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);
    }

    [Fact]
    public void Tracepoints_tell_of_an_exit()
    {
        var events = new List<TraceRecord>();
        using IDisposable tracing = _bench.Vm.Trace(KvmTracer.AllEvents, (in TraceRecord e) => events.Add(e));

        RunToEnd("cpucfg $t0, $zero");

        events.Select(e => e.Event).Should().ContainInOrder(
            TraceEvent.VpidChange, TraceEvent.Enter, TraceEvent.Exit, TraceEvent.PageFault, TraceEvent.ExitGspr,
            TraceEvent.ExitCpucfg, TraceEvent.Reenter, TraceEvent.Mmio, TraceEvent.Out, TraceEvent.UserspaceExit);
    }

    private Vcpu RunToEnd(string program)
    {
        Vcpu vcpu = _bench.Start(program + Stop);
        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);
        return vcpu;
    }

    /// <summary>Runs a program whose exceptions end it.</summary>
    private Vcpu RunWithHandler(string program)
    {
        _bench.Load(Stop, 0x30_0000);
        _bench.Load(program);
        Vcpu vcpu = _bench.CreateVcpu();
        vcpu.SetCsr(0xc, 0x30_0000);
        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);
        return vcpu;
    }

    private static (ulong Ecode, ulong Esubcode) Ecode(Vcpu vcpu)
    {
        ulong estat = vcpu.GetCsr(5);
        return ((estat >> 16) & 0x3f, (estat >> 22) & 0x1ff);
    }

    private static ulong Gpr(Vcpu vcpu, int register) => vcpu.GetRegisters().Gpr[register];
}

/// <summary>The same exits from translated code.</summary>
public sealed class TranslatedExitTests() : ExitTests(GuestBench.Translator);
