using LaKvm.Ioctl;
using static LaKvm.Hypervisor.Tests.IrqchipBench;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The PCH-PIC in the hypervisor: what its attributes show and restore.</summary>
public sealed class PchPicDeviceTests : IDisposable
{
    private const ulong Pin = 1 << 5;

    private readonly IrqchipBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private ulong Read(uint register) => _bench.PchPic.GetAttribute(PchPicRegisters, register);

    [Fact]
    public void Vectors_and_routes_start_as_in_linux()
    {
        for (uint pin = 0; pin < 32; pin++)
        {
            (Read(Vector + pin), Read(0x100 + pin)).Should().Be((pin, 1UL));
        }

        Read(Mask).Should().Be(ulong.MaxValue);
    }

    [Fact]
    public void Edge_pin_latches_every_assertion()
    {
        _bench.Open();
        _bench.PchPic.SetAttribute(PchPicRegisters, Edge, Pin);
        Vcpu vcpu = _bench.Guest.Start("li.d $t0, 0x10000080\nori $t1, $zero, 32\nst.d $t1, $t0, 0" + Stop);
        _bench.Vm.SetIrqLine(5, true);
        Read(Irr).Should().Be(Pin);
        vcpu.Run();
        Read(Irr).Should().Be(0);

        _bench.Vm.SetIrqLine(5, true);

        Read(Irr).Should().Be(Pin, "no release came in between, and it is an edge all the same");
        vcpu.GetCsr(Estat).Should().Be(1 << 3);
    }

    [Fact]
    public void Edge_pin_keeps_its_request_when_it_is_released()
    {
        _bench.Open();
        _bench.PchPic.SetAttribute(PchPicRegisters, Edge, Pin);
        Vcpu vcpu = _bench.Guest.CreateVcpu();

        _bench.Vm.SetIrqLine(5, true);
        _bench.Vm.SetIrqLine(5, false);

        (Read(Irr), Read(Isr), vcpu.GetCsr(Estat)).Should().Be((Pin, Pin, 1UL << 3));
    }

    [Fact]
    public void Restored_request_interrupts_when_the_guest_unmasks_its_pin_and_not_before()
    {
        _bench.Open();
        _bench.PchPic.SetAttribute(PchPicRegisters, Mask, ulong.MaxValue);
        _bench.PchPic.SetAttribute(PchPicRegisters, Irr, Pin);
        Vcpu vcpu = _bench.Guest.Start("""
            csrrd   $s0, 5
            li.d    $t0, 0x10000020
            addi.d  $t1, $zero, -33
            st.d    $t1, $t0, 0
            csrrd   $s1, 5
            """ + Stop);
        (Read(Irr), Read(Isr)).Should().Be((Pin, 0UL));

        vcpu.Run();

        vcpu.GetRegisters().Gpr[23..25].Should().Equal(0, 1 << 3);
        (Read(Irr), Read(Isr)).Should().Be((Pin, Pin));
    }

    [Fact]
    public void Request_that_was_handled_before_it_was_saved_does_not_interrupt_again_after_it_was_restored()
    {
        _bench.Open();
        Vcpu vcpu = _bench.Guest.CreateVcpu();

        _bench.PchPic.SetAttribute(PchPicRegisters, Irr, Pin);
        _bench.PchPic.SetAttribute(PchPicRegisters, Isr, Pin);

        vcpu.GetCsr(Estat).Should().Be(0);
        _bench.Vm.SetIrqLine(5, false);
        (Read(Irr), Read(Isr)).Should().Be((0UL, 0UL));
    }
}
