using LaKvm.Ioctl;
using static LaKvm.Hypervisor.Tests.IrqchipBench;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The EIOINTC in the hypervisor, where it is more than the machine's.</summary>
public sealed class EiointcDeviceTests : IDisposable
{
    private const ulong Line = 1 << 3;

    private readonly IrqchipBench _bench = new(cpus: 4);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Route_names_the_physical_number_of_a_vcpu()
    {
        Vcpu third = _bench.CreateVcpu(3, physicalNumber: 1), first = _bench.CreateVcpu(1, physicalNumber: 3);
        _bench.Open(route: 1 << 1);

        _bench.Vm.SetIrqLine(5, true);

        (third.GetCsr(Estat), first.GetCsr(Estat)).Should().Be((Line, 0UL));
        _bench.Eiointc.GetAttribute(EiointcRegisters, (3 << 16) | (CoreIsr + 4)).Should().Be(2, "ISRs go by the id");
    }

    [Fact]
    public void Route_that_a_guest_writes_names_the_physical_number_of_a_vcpu()
    {
        _bench.Open();
        Vcpu other = _bench.CreateVcpu(1, physicalNumber: 3);
        _bench.Guest.Load("li.d $t0, 0x1c20\nli.d $t1, 0x0202020202020202\niocsrwr.d $t1, $t0" + Stop);
        _bench.Guest.CreateVcpu(2).Run();
        Vcpu target = _bench.CreateVcpu(3, physicalNumber: 1);

        _bench.Vm.SetIrqLine(5, true);

        (target.GetCsr(Estat), other.GetCsr(Estat)).Should().Be((Line, 0UL));
    }

    [Fact]
    public void Route_to_nobody_leads_to_the_vcpu_with_the_physical_number_0()
    {
        Vcpu vcpu = _bench.CreateVcpu(2, physicalNumber: 0);
        _bench.Open(route: 1 << 3);

        _bench.Vm.SetIrqLine(5, true);

        vcpu.GetCsr(Estat).Should().Be(Line);
    }

    [Fact]
    public void Vectors_are_delivered_whatever_the_configuration_register_says()
    {
        // What QEMU sets by default; its guest's write to the register reaches QEMU itself.
        _bench.Eiointc.SetAttribute(EiointcControl, 0, 1);
        _bench.Eiointc.SetAttribute(EiointcControl, 1, 0xb);
        _bench.Eiointc.SetAttribute(EiointcStatus, 2, 0);
        Vcpu vcpu = _bench.Guest.CreateVcpu();
        _bench.Open();

        _bench.Vm.SetIrqLine(5, true);

        vcpu.GetCsr(Estat).Should().Be(Line);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 0)]
    [InlineData(1, 0xf)]
    public void Changing_its_size_or_features_lowers_the_old_lines(uint attribute, ulong value)
    {
        Vcpu vcpu = _bench.Guest.CreateVcpu();
        _bench.Open();
        _bench.Vm.SetIrqLine(5, true);
        vcpu.GetCsr(Estat).Should().Be(Line);

        _bench.Eiointc.SetAttribute(EiointcControl, attribute, value);

        vcpu.GetCsr(Estat).Should().Be(0);
        _bench.Eiointc.GetAttribute(EiointcRegisters, CoreIsr + 4).Should().Be(0);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0xf, 0)]
    public void Controller_without_a_configuration_register_counts_as_configured(ulong features, ulong state)
    {
        _bench.Eiointc.SetAttribute(EiointcControl, 1, features);

        _bench.Eiointc.GetAttribute(EiointcStatus, 1).Should().Be(features);
        _bench.Eiointc.GetAttribute(EiointcStatus, 2).Should().Be(state);
    }

    [Fact]
    public void Source_that_stays_high_interrupts_once_until_its_pin_is_unmasked_again()
    {
        _bench.Open();
        Vcpu vcpu = _bench.Guest.Start("""
            csrrd   $s0, 5
            li.d    $t0, 0x1804
            ori     $t1, $zero, 2
            iocsrwr.w $t1, $t0
            csrrd   $s1, 5
            li.d    $t2, 0x10000020
            li.w    $t1, -1
            st.w    $t1, $t2, 0
            csrrd   $s2, 5
            addi.w  $t1, $zero, -33
            st.w    $t1, $t2, 0
            csrrd   $s3, 5
            """ + Stop);
        _bench.Vm.SetIrqLine(5, true);

        vcpu.Run();

        vcpu.GetRegisters().Gpr[23..27].Should().Equal(Line, 0, 0, Line);
    }
}
