using LaKvm.Ioctl;
using static LaKvm.Hypervisor.Tests.IrqchipBench;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The IPI registers in the hypervisor belong to vCPUs.</summary>
public sealed class IpiDeviceTests : IDisposable
{
    private readonly IrqchipBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Registers_of_a_vcpu_without_a_physical_number_can_be_read_and_written()
    {
        _bench.Vm.CreateVcpu(2);

        _bench.Ipi.GetAttribute(IpiRegisters, 0x2_0000).Should().Be(0);
        _bench.Ipi.SetAttribute(IpiRegisters, 0x2_0020, 0x1234);
        _bench.Ipi.GetAttribute(IpiRegisters, 0x2_0020).Should().Be(0x1234);
    }

    [Fact]
    public void Vcpu_without_a_physical_number_has_its_own_registers()
    {
        _bench.Guest.Load(
            "ori $t0, $zero, 8\nli.d $t1, 0x1008\niocsrwr.w $t0, $t1\nli.d $t1, 0x1000\niocsrrd.w $s1, $t1" + Stop);
        Vcpu vcpu = _bench.Vm.CreateVcpu(2);
        for (uint word = 0; word <= 20; word++)
        {
            vcpu.SetCpucfg(word, HostProcess.Cpucfg(word) & vcpu.GetCpucfgMask(word));
        }

        vcpu.SetRegisters(new ulong[32], GuestBench.CodeBase);

        vcpu.Run();

        vcpu.GetRegisters().Gpr[24].Should().Be(8);
        vcpu.GetCsr(Estat).Should().Be(1 << 12);
        _bench.Ipi.GetAttribute(IpiRegisters, 0x2_0000).Should().Be(8);
    }

    [Fact]
    public void Sending_registers_name_physical_numbers()
    {
        Vcpu third = _bench.CreateVcpu(3, physicalNumber: 1), first = _bench.CreateVcpu(1, physicalNumber: 3);
        Vcpu sender = _bench.Guest.Start("""
            li.d    $t0, 0x10004
            li.d    $t1, 0x1040
            iocsrwr.w $t0, $t1
            li.d    $t0, 0x5600030000
            li.d    $t1, 0x1048
            iocsrwr.d $t0, $t1
            """ + Stop);

        sender.Run();

        (third.GetCsr(Estat), first.GetCsr(Estat)).Should().Be((1UL << 12, 0UL));
        _bench.Ipi.GetAttribute(IpiRegisters, 0x3_0000).Should().Be(1 << 4);
        _bench.Ipi.GetAttribute(IpiRegisters, 0x1_0020).Should().Be(0x56);
    }
}
