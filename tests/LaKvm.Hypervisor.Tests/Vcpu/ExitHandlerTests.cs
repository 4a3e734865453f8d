using LaKvm.Cpu;
using LaKvm.Ioctl;
using LaKvm.Isa;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Exit handlers, called with a record of the exit: no guest runs.</summary>
public sealed unsafe class ExitHandlerTests : IDisposable
{
    private const ulong Pc = 0x1000, Device = GuestBench.DeviceBase;
    private const int A0 = 4, T0 = 12, T1 = 13;

    private readonly GuestBench _bench = new();
    private readonly KvmVcpu _vcpu;

    public ExitHandlerTests()
    {
        _vcpu = GuestBench.CoreOf(_bench.Process, _bench.CreateVcpu());
        _vcpu.Registers.Pc = Pc;
    }

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("csrrd $t0, 0x502", 0x0f0fUL)]
    [InlineData("csrwr $t0, 0x502", 0x1234UL)]
    [InlineData("csrxchg $t0, $t1, 0x502", 0x0f34UL)]
    public void Csr_that_software_keeps_is_read_swapped_and_masked(string instruction, ulong expected)
    {
        _vcpu.Registers.Csr[Csr.Dsave] = 0x0f0f;
        _vcpu.Registers.Gpr[T0] = 0x1234;
        _vcpu.Registers.Gpr[T1] = 0x00ff;

        Handle(Trap.Gspr, instruction).Should().Be(ExitOutcome.ResumeGuest);

        _vcpu.Registers.Csr[Csr.Dsave].Should().Be(expected);
        _vcpu.Registers.Gpr[T0].Should().Be(0x0f0f);
        _vcpu.Registers.Pc.Should().Be(Pc + 4);
    }

    [Theory]
    [InlineData("cacop 0, $t0, 0")]
    [InlineData("cacop 8, $t0, 0")]
    [InlineData("cacop 0x19, $t0, 4")]
    [InlineData("cacop 0x1f, $t0, -4")]
    public void Cacop_does_nothing_and_is_traced(string cacop)
    {
        var events = new List<TraceRecord>();
        using IDisposable tracing = _bench.Vm.Trace(KvmTracer.AllEvents, (in TraceRecord e) => events.Add(e));

        Handle(Trap.Gspr, cacop).Should().Be(ExitOutcome.ResumeGuest);

        _vcpu.Registers.Pc.Should().Be(Pc + 4);
        events.Select(e => e.Event).Should().Equal(TraceEvent.ExitGspr, TraceEvent.ExitCache);
    }

    [Fact]
    public void Instruction_that_is_not_guest_sensitive_leaves_pc_and_gets_ine()
    {
        Handle(Trap.Gspr, "add.d $t0, $t0, $t1").Should().Be(ExitOutcome.ResumeGuest);

        _vcpu.Registers.Pc.Should().Be(Pc);
        _vcpu.Interrupts.Exception.Should().Be(Trap.Ine);
    }

    [Theory]
    [InlineData("ld.b $t0, $t1, 0", 1, 0xffff_ffff_ffff_ff80UL)]
    [InlineData("ld.bu $t0, $t1, 0", 1, 0x80UL)]
    [InlineData("ld.h $t0, $t1, 0", 2, 0x7f80UL)]
    [InlineData("ld.w $t0, $t1, 0", 4, 0xffff_ffff_8000_7f80UL)]
    [InlineData("ldptr.d $t0, $t1, 0", 8, 0x0123_4567_8000_7f80UL)]
    public void Load_from_a_device_waits_for_user_space(string load, int size, ulong expected)
    {
        Handle(Trap.Pil, load, Device).Should().Be(ExitOutcome.ResumeHost);

        KvmRun* run = _vcpu.RunPage;
        (run->ExitReason, run->PhysicalAddress, (int)run->Length, run->IsWrite)
            .Should().Be((KvmExitReason.Mmio, Device, size, (byte)0));
        _vcpu.Registers.Pc.Should().Be(Pc, "the instruction is not done");
        _vcpu.Pending.Kind.Should().Be(PendingKind.Mmio);
        run->Data = 0x0123_4567_8000_7f80;
        MmioExit.CompleteLoad(_vcpu.Pending, _vcpu);
        _vcpu.Registers.Gpr[T0].Should().Be(expected);
        _vcpu.Registers.Pc.Should().Be(Pc + 4);
    }

    [Theory]
    [InlineData("iocsrrd.b $t0, $t1", 1, 0xffff_ffff_ffff_ff80UL)]
    [InlineData("iocsrrd.h $t0, $t1", 2, 0x7f80UL)]
    [InlineData("iocsrrd.w $t0, $t1", 4, 0xffff_ffff_8000_7f80UL)]
    [InlineData("iocsrrd.d $t0, $t1", 8, 0x0123_4567_8000_7f80UL)]
    public void Iocsr_read_waits_for_user_space_behind_the_instruction(string read, int size, ulong expected)
    {
        _vcpu.Registers.Gpr[T1] = 0xffff_ffff_0000_0420; // only the low word is the address

        Handle(Trap.Gspr, read).Should().Be(ExitOutcome.ResumeHost);

        KvmRun* run = _vcpu.RunPage;
        (run->ExitReason, run->PhysicalAddress, (int)run->Length, run->IsWrite)
            .Should().Be((KvmExitReason.LoongArchIocsr, 0x420UL, size, (byte)0));
        _vcpu.Registers.Pc.Should().Be(Pc + 4);
        run->Data = 0x0123_4567_8000_7f80;
        GsprExit.CompleteIocsrRead(_vcpu.Pending, _vcpu);
        _vcpu.Registers.Gpr[T0].Should().Be(expected);
    }

    [Theory]
    [InlineData("iocsrwr.b $t0, $t1", 1, 0x80UL)]
    [InlineData("iocsrwr.h $t0, $t1", 2, 0x7f80UL)]
    [InlineData("iocsrwr.w $t0, $t1", 4, 0x8000_7f80UL)]
    [InlineData("iocsrwr.d $t0, $t1", 8, 0x0123_4567_8000_7f80UL)]
    public void Iocsr_write_goes_to_user_space_and_waits_for_nothing(string write, int size, ulong expected)
    {
        _vcpu.Registers.Gpr[T0] = 0x0123_4567_8000_7f80;
        _vcpu.Registers.Gpr[T1] = 0x420;

        Handle(Trap.Gspr, write).Should().Be(ExitOutcome.ResumeHost);

        KvmRun* run = _vcpu.RunPage;
        (run->PhysicalAddress, (int)run->Length, run->IsWrite, run->Data).Should()
            .Be((0x420UL, size, (byte)1, expected));
        _vcpu.Pending.Kind.Should().Be(PendingKind.None);
    }

    [Theory]
    [InlineData(Trap.Fpd, 0u, true)]
    [InlineData(Trap.Fpd, 7u, false)]
    [InlineData(Trap.Sxd, 0x7u, true)]
    [InlineData(Trap.Sxd, 0x47u, false)]
    [InlineData(Trap.Asxd, 0x47u, true)]
    [InlineData(Trap.Asxd, 0xc7u, false)]
    public void Unit_is_given_to_a_guest_whose_cpucfg_has_it(Trap trap, uint word, bool isIne)
    {
        _vcpu.Cpucfg.Set(2, word);

        Handle(trap, "nop").Should().Be(ExitOutcome.ResumeGuest);

        _vcpu.Interrupts.Exception.Should().Be(isIne ? Trap.Ine : Trap.None);
        _vcpu.Requests.Has(KvmRequest.FpuLoad).Should().Be(!isIne);
    }

    [Fact]
    public void Exit_that_no_guest_may_cause_is_logged_and_gets_ine()
    {
        Handle((Trap)31, "nop").Should().Be(ExitOutcome.ResumeGuest);

        _vcpu.Interrupts.Exception.Should().Be(Trap.Ine);
        _bench.Log.Should().ContainSingle().Which.Should().Contain("not one that a guest may cause");
    }

    [Fact]
    public void Hypercall_of_an_unknown_service_fails_behind_the_instruction()
    {
        _vcpu.Registers.Gpr[A0] = 77;

        Handle(Trap.Hvc, "hvcl 0x100").Should().Be(ExitOutcome.ResumeGuest);

        _vcpu.Registers.Gpr[A0].Should().Be(ulong.MaxValue);
        _vcpu.Registers.Pc.Should().Be(Pc + 4);
    }

    private ExitOutcome Handle(Trap trap, string instruction, ulong badv = 0) =>
        ExitTable.Handle(new ExitInfo((ulong)trap << Estat.EcodeShift, badv, Assembler.Encode(instruction)), _vcpu);
}
