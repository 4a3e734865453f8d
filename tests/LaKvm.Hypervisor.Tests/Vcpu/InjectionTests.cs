using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Exceptions that the hypervisor makes in a guest: what the guest's handler finds, and where it is.</summary>
public class InjectionTests : IDisposable
{
    private const ulong Vectors = 0x30_0000, Faulting = 0x20_0100;
    private const int AddressError = 8, InstructionError = 13;
    private const int S0 = 23, S1 = 24, S2 = 25, S3 = 26, S4 = 27, S5 = 28;

    private readonly GuestBench _bench;

    public InjectionTests()
        : this(engine: null)
    {
    }

    private protected InjectionTests(Func<Core, IExecutionEngine>? engine) => _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, AddressError * 8)]
    [InlineData(3, AddressError * 32)]
    [InlineData(7, AddressError * 512)]
    public void Address_error_goes_to_its_vector_with_the_mode_before(int spacing, int offset)
    {
        ulong[] gpr = Fault(spacing, offset, mode: 7, "ll.w $t0, $s8, 0x10");

        gpr[S0].Should().Be(7, "PRMD: PLV 3, interrupts on");
        (gpr[S1] & 7).Should().Be(0, "CRMD: PLV 0, interrupts off");
        gpr[S2].Should().Be((AddressError << 16) | (1UL << 22), "ESTAT: ADE, memory access");
        gpr[S3].Should().Be(Faulting, "ERA");
        gpr[S4].Should().Be(GuestBench.DeviceBase + 0x10, "BADV");
        gpr[S5].Should().Be(Isa.Assembler.Encode("ll.w $t0, $s8, 0x10"), "BADI");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Mode_before_is_what_it_was(int mode)
    {
        ulong[] gpr = Fault(2, AddressError * 16, mode, "ll.w $t0, $s8, 0x10");

        gpr[S0].Should().Be((ulong)mode);
    }

    [Fact]
    public void Unit_that_the_guest_has_not_raises_ine_at_its_vector()
    {
        ulong[] gpr = Fault(2, InstructionError * 16, mode: 0, "fadd.d $f0, $f1, $f2", hasFpu: false);

        gpr[S2].Should().Be(InstructionError << 16);
        gpr[S3].Should().Be(Faulting);
    }

    /// <summary>Executes an instruction in a mode; gives what the handler finds at an offset of the vectors.</summary>
    private ulong[] Fault(int spacing, int offset, int mode, string instruction, bool hasFpu = true)
    {
        _bench.Load($"""
            csrrd   $s0, 1
            csrrd   $s1, 0
            csrrd   $s2, 5
            csrrd   $s3, 6
            csrrd   $s4, 7
            csrrd   $s5, 8
            st.d    $zero, $s8, 0
            """, Vectors + (ulong)offset);
        _bench.Load(instruction, Faulting);
        Vcpu vcpu = _bench.Start($"""
            li.d    $s8, {GuestBench.DeviceBase}
            li.d    $t0, {Vectors}
            csrwr   $t0, 0xc
            li.d    $t0, {spacing << 16}
            csrwr   $t0, 4
            ori     $t0, $zero, 7
            csrwr   $t0, 2
            ori     $t0, $zero, {mode}
            csrwr   $t0, 1
            li.d    $t0, {Faulting}
            csrwr   $t0, 6
            ertn
            """);
        if (!hasFpu)
        {
            vcpu.SetCpucfg(2, HostProcess.Cpucfg(2) & vcpu.GetCpucfgMask(2) & ~0xffu);
        }

        vcpu.Run().Address.Should().Be(GuestBench.DeviceBase);
        return vcpu.GetRegisters().Gpr;
    }
}

/// <summary>The same with translated guest code.</summary>
public sealed class TranslatedInjectionTests() : InjectionTests(GuestBench.Translator);
