using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>A guest's performance counters, in the core and in memory.</summary>
public sealed class GuestPmuTests
{
    private const int S0 = 23, S1 = 24, S2 = 25, S3 = 26;
    private const ulong AllLevels = 0xf << 16, Interrupt = 1 << 20, Overflow = 1UL << 63;
    private const ulong Instructions = 1, Branches = 2;

    public static TheoryData<bool> Engines() => [false, true];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Exits_cost_the_guest_s_counters_nothing_but_the_emulated_instruction(bool translator)
    {
        // ori and the loop; then nop. The store is the exit's, and what the hypervisor does for it is not the guest's.
        using GuestBench bench = Bench(translator);
        Vcpu vcpu = bench.Start($"""
            li.d    $s8, {GuestBench.DeviceBase}
            li.d    $t0, {AllLevels | Instructions}
            li.d    $t1, {AllLevels | Branches}
            csrwr   $t1, 0x202
            csrwr   $t0, 0x200
            ori     $t0, $zero, 100
            1: addi.d $t0, $t0, -1
            bnez    $t0, 1b
            st.d    $zero, $s8, 0
            nop
            csrrd   $s0, 0x201
            csrrd   $s1, 0x203
            st.d    $zero, $s8, 0
            """);

        vcpu.Run();
        (vcpu.GetCsr(Csr.Pmcfg0), vcpu.GetCsr(Csr.Pmcfg0 + 1)).Should().Be((AllLevels | Instructions, 201));
        vcpu.Run();

        ulong[] registers = vcpu.GetRegisters().Gpr;
        (registers[S0], registers[S1]).Should().Be((202, 100));
        bench.Machine.Cpus[0].Core.ReadGcsr(Csr.Pmcfg0).Should().Be(0, "the core has its counters back");
        (bench.Machine.Cpus[0].Core.ReadCsr(Csr.Gcfg) >> 24 & 7).Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Two_guests_of_one_core_count_their_own(bool translator)
    {
        using GuestBench bench = Bench(translator);
        bench.Load(Loop(100));
        Vcpu first = bench.CreateVcpu();
        bench.Load(Loop(7), 0x21_0000);
        Vcpu second = bench.CreateVcpu(1, 0x21_0000);

        for (int n = 0; n < 3; n++)
        {
            first.Run();
            second.Run();
        }

        (first.GetCsr(Csr.Pmcfg0 + 1), second.GetCsr(Csr.Pmcfg0 + 1)).Should().Be((300, 21));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Overflow_interrupts_the_guest_at_the_instruction_and_stays_until_it_is_answered(bool translator)
    {
        using GuestBench bench = Bench(translator);
        bench.Load("""
            csrrd   $s1, 5
            st.d    $zero, $s8, 0
            csrrd   $s1, 5
            csrwr   $zero, 0x200
            csrrd   $s2, 5
            st.d    $zero, $s8, 0
            """, 0x21_0000);
        Vcpu vcpu = bench.Start($"""
            li.d    $s8, {GuestBench.DeviceBase}
            li.d    $t0, 0x210000
            csrwr   $t0, 0xc
            ori     $t0, $zero, 0x400
            csrwr   $t0, 4
            ori     $t0, $zero, 4
            csrxchg $t0, $t0, 0
            li.d    $t0, {AllLevels | Interrupt | Instructions}
            csrwr   $t0, 0x200
            1: addi.d $s0, $s0, 1
            addi.d  $s3, $s3, 1
            b       1b
            """);
        vcpu.SetCsr(Csr.Pmcfg0 + 1, Overflow - 1000);

        vcpu.Run();

        ulong[] registers = vcpu.GetRegisters().Gpr;
        (registers[S0], registers[S3], registers[S1]).Should().Be((334, 333, 1UL << Estat.Pcov));
        vcpu.Run();
        registers = vcpu.GetRegisters().Gpr;
        (registers[S1], registers[S2]).Should().Be((1UL << Estat.Pcov, 0));
    }

    [Fact]
    public void Idle_sees_an_overflow_that_is_already_there()
    {
        using GuestBench bench = Bench(translator: false);
        Vcpu vcpu = bench.Start($"""
            li.d    $s8, {GuestBench.DeviceBase}
            ori     $t0, $zero, 0x400
            csrwr   $t0, 4
            li.d    $t0, {AllLevels | Interrupt | Instructions}
            csrwr   $t0, 0x200
            nop
            idle    0
            st.d    $zero, $s8, 0
            """);
        vcpu.SetCsr(Csr.Pmcfg0 + 1, Overflow - 1);

        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
    }

    [Fact]
    public void Counters_that_the_guest_s_cpucfg_does_not_have_are_mere_values()
    {
        using GuestBench bench = Bench(translator: false);
        Vcpu vcpu = bench.Start($"""
            li.d    $s8, {GuestBench.DeviceBase}
            li.d    $t0, {AllLevels | Instructions}
            csrwr   $t0, 0x204
            li.d    $t0, {AllLevels | Instructions}
            csrwr   $t0, 0x202
            csrrd   $s0, 0x205
            csrrd   $s1, 0x203
            st.d    $zero, $s8, 0
            """);
        vcpu.SetCpucfg(6, (HostProcess.Cpucfg(6) & ~0xf0u) | 0x10);
        vcpu.SetCsr(Csr.Pmcfg0 + 5, 77);
        vcpu.SetCsr(Csr.Pmcfg0 + 3, 1000);

        vcpu.Run();

        ulong[] registers = vcpu.GetRegisters().Gpr;
        (registers[S0], registers[S1]).Should().Be((77, 1000));
        vcpu.GetCsr(Csr.Pmcfg0 + 4).Should().Be(AllLevels | Instructions);
    }

    [Theory]
    [InlineData(0x7f33u, true)]
    [InlineData(0x7f31u, true)]
    [InlineData(0x3f01u, true)]
    [InlineData(0u, true)]
    [InlineData(0x7f43u, false)] // more counters
    [InlineData(0x3e33u, false)] // narrower ones
    [InlineData(0xff33u, false)]
    public void Cpucfg_6_is_within_what_the_host_has(uint word, bool accepted)
    {
        using GuestBench bench = Bench(translator: false);
        Vcpu vcpu = bench.CreateVcpu();

        Errno result = GuestBench.CoreOf(bench.Process, vcpu).RegisterAccess.SetOneReg(0x9030_0000_0004_0030, word);
        result.Should().Be(accepted ? Errno.None : Errno.Inval);
    }

    /// <summary>Counts what is between enabling and disabling, for ever.</summary>
    private static string Loop(int length) => $"""
        2:  li.d    $s8, {GuestBench.DeviceBase}
            li.d    $t0, {AllLevels | Branches}
            csrwr   $t0, 0x200
            ori     $t0, $zero, {length}
        1:  addi.d  $t0, $t0, -1
            bnez    $t0, 1b
            csrwr   $zero, 0x200
            st.d    $zero, $s8, 0
            b       2b
        """;

    private static GuestBench Bench(bool translator) =>
        new(cpus: 1, engine: translator ? GuestBench.Translator : null);
}
