using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The floating-point and vector registers over a change of the core's owner.</summary>
public sealed unsafe class GuestFpuTests : IDisposable
{
    private const int S0 = 23, S1 = 24, S2 = 25;

    private readonly GuestBench _bench = new(cpus: 1);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Everything_that_a_guest_left_in_the_unit_is_saved_and_comes_back()
    {
        // Two guests on one core: one leaves rounding mode, flags, conditions and vectors, the other others.
        _bench.Load(Program("ori $t0, $zero, 0x200", "fcmp.ceq.d $fcc3, $f0, $f0", 0x55));
        Vcpu first = _bench.CreateVcpu();
        _bench.Load(Program("ori $t0, $zero, 0x100", "fcmp.cun.d $fcc3, $f0, $f0", 0x66), 0x21_0000);
        Vcpu second = _bench.CreateVcpu(1, 0x21_0000);

        first.Run();
        second.Run();
        first.Run();
        second.Run();

        ulong[] of = first.GetRegisters().Gpr;
        (of[S0] & 0x300, of[S1], of[S2]).Should().Be((0x200UL, 1UL, 0x55UL));
        of = second.GetRegisters().Gpr;
        (of[S0] & 0x300, of[S1], of[S2]).Should().Be((0x100UL, 0UL, 0x66UL));
        KvmFpu fpu = default;
        GuestBench.CoreOf(_bench.Process, first).RegisterAccess.GetFpu(&fpu);
        (fpu.Fcsr & 0x300, fpu.Fcc, fpu.Registers[(31 * 4) + 3]).Should().Be((0x200U, 1UL << 24, 0x55UL));
    }

    [Fact]
    public void Unit_is_loaded_at_its_first_use_and_lost_with_the_core()
    {
        Vcpu vcpu = _bench.Start(Program("ori $t0, $zero, 0", "fcmp.ceq.d $fcc3, $f0, $f0", 1));
        GuestFpu fpu = GuestBench.CoreOf(_bench.Process, vcpu).Residency.Fpu;
        fpu.Loaded.Should().Be(0);

        vcpu.Run();

        fpu.Loaded.Should().Be(GuestFpu.Fpe | GuestFpu.Sxe | GuestFpu.Asxe);
        _bench.Machine.Cpus[0].Core.ReadCsr(Csr.Euen).Should().Be(fpu.Loaded);
        _ = vcpu.GetCsr(Csr.Crmd);
        fpu.Loaded.Should().Be(0);
        _bench.Machine.Cpus[0].Core.ReadCsr(Csr.Euen).Should().Be(0);
    }

    /// <summary>Sets FCSR, a condition and the last vector register, leaves, and reads all of them again.</summary>
    private static string Program(string fcsr, string condition, int value) => $"""
        li.d    $s8, {GuestBench.DeviceBase}
        ori     $t0, $zero, 7
        csrwr   $t0, 2
        {fcsr}
        movgr2fcsr $fcsr0, $t0
        movgr2fr.d $f0, $zero
        {condition}
        ori     $t0, $zero, {value}
        xvreplgr2vr.d $xr31, $t0
        st.d    $zero, $s8, 0
        movfcsr2gr $s0, $fcsr0
        movcf2gr $s1, $fcc3
        xvpickve2gr.d $s2, $xr31, 3
        st.d    $zero, $s8, 0
        """;
}
