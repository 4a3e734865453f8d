using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

public sealed unsafe class VcpuIoctlTests : IDisposable
{
    private readonly GuestBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Physical_number_is_set_once_and_belongs_to_one_vcpu()
    {
        Vcpu first = _bench.Vm.CreateVcpu(0);
        Vcpu second = _bench.Vm.CreateVcpu(1);

        Set(first, Csr(0x20), 256).Should().Be(Errno.Inval);
        Set(first, Csr(0x20), 3).Should().Be(Errno.None);
        Set(first, Csr(0x20), 3).Should().Be(Errno.None);
        Set(first, Csr(0x20), 4).Should().Be(Errno.Inval);
        Set(second, Csr(0x20), 3).Should().Be(Errno.Inval);
        first.GetCsr(0x20).Should().Be(3);
    }

    [Theory]
    [InlineData(0x9030_0000_0001_0000ul + (0x52 * 8), Errno.None)] // not the guest's, but a place to keep something
    [InlineData(0x9030_0000_0001_0000ul + (0x80 * 8), Errno.None)] // kept by software
    [InlineData(0x9030_0000_0001_0000ul + (0x310 * 8), Errno.None)]
    [InlineData(0x9030_0000_0001_0000ul + (0x7ff * 8), Errno.None)]
    [InlineData(0x9030_0000_0001_0000ul + (0x800 * 8), Errno.Inval)]
    [InlineData(0x9030_0000_0000_0000ul, Errno.Inval)] // general registers
    [InlineData(0x9030_0000_0003_0000ul, Errno.Inval)]
    [InlineData(0x9020_0000_0001_0000ul, Errno.Inval)] // 32 bits
    [InlineData(0x9030_0000_0002_0004ul, Errno.Inval)]
    [InlineData(0x9030_0000_0004_00a0ul, Errno.None)] // word 20
    [InlineData(0x9030_0000_0004_00a8ul, Errno.Inval)]
    [InlineData(0x9030_0000_0005_0001ul, Errno.NxIo)] // no binary translation
    public void Register_number_is_checked(ulong id, Errno expected)
    {
        Vcpu vcpu = _bench.CreateVcpu();
        ulong value = 0;
        var reg = new KvmOneReg { Id = id, Address = (nint)(&value) };
        Raw(vcpu, KvmIoctl.GetOneReg, (nint)(&reg)).Should().Be(-(int)expected);
    }

    [Theory]
    [InlineData(2u, 0u, Errno.Inval)] // no LLFTP
    [InlineData(2u, 0x4000u, Errno.None)]
    [InlineData(2u, 0x4001u, Errno.Inval)] // FP without single and double
    [InlineData(2u, 0x4007u, Errno.None)]
    [InlineData(2u, 0x4407u, Errno.Inval)] // LVZ
    [InlineData(2u, 0x4040u, Errno.Inval)] // LSX without FP
    [InlineData(2u, 0x4087u, Errno.Inval)] // LASX without LSX
    [InlineData(3u, 2u, Errno.Inval)] // store fill buffer
    [InlineData(6u, 1u, Errno.Inval)] // no performance counters
    [InlineData(7u, 1u, Errno.Inval)]
    [InlineData(4u, 0xffffffffu, Errno.None)]
    public void Cpucfg_word_is_checked(uint word, uint value, Errno expected) =>
        Set(_bench.Vm.CreateVcpu(0), 0x9030_0000_0004_0000 + (word * 8), value).Should().Be(expected);

    [Fact]
    public void Lines_in_the_status_register_are_kept_apart_and_read_back()
    {
        Vcpu vcpu = _bench.CreateVcpu();

        vcpu.SetCsr(5, 0x1fff | (0xbul << 16));

        vcpu.GetCsr(5).Should().Be(0x1fff | (0xbul << 16));
    }

    [Fact]
    public void Interrupt_that_is_pending_shows_in_the_status_register()
    {
        Vcpu vcpu = _bench.CreateVcpu();

        vcpu.Interrupt(3);
        vcpu.Interrupt(12);

        vcpu.GetCsr(5).Should().Be((1 << 3) | (1 << 12));
        vcpu.Interrupt(-3);
        vcpu.GetCsr(5).Should().Be(1 << 12);
    }

    [Theory]
    [InlineData(0, Errno.Inval)]
    [InlineData(1, Errno.None)]
    [InlineData(13, Errno.None)]
    [InlineData(14, Errno.Inval)]
    [InlineData(15, Errno.Inval)]
    [InlineData(-13, Errno.None)]
    [InlineData(int.MinValue, Errno.Inval)]
    public void Interrupt_number_is_checked(int irq, Errno expected) =>
        Raw(_bench.CreateVcpu(), KvmIoctl.Interrupt, (nint)(&irq)).Should().Be(-(int)expected);

    [Fact]
    public void Registers_are_read_back_and_r0_stays_zero()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        ulong[] gpr = [.. Enumerable.Range(100, 32).Select(i => (ulong)i)];

        vcpu.SetRegisters(gpr, 0x1234);

        (ulong[] read, ulong pc) = vcpu.GetRegisters();
        read.Should().Equal([0, .. gpr[1..]]);
        pc.Should().Be(0x1234);
    }

    [Fact]
    public void Fpu_registers_are_read_back()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        var fpu = new KvmFpu { Fcsr = 0x300, Fcc = 0x0100_0001 };
        fpu.Registers[5] = 0x55;
        Raw(vcpu, KvmIoctl.SetFpu, (nint)(&fpu)).Should().Be(0);

        KvmFpu read;
        Raw(vcpu, KvmIoctl.GetFpu, (nint)(&read)).Should().Be(0);

        read.Fcsr.Should().Be(0x300);
        read.Fcc.Should().Be(0x0100_0001);
        read.Registers[5].Should().Be(0x55);
    }

    [Fact]
    public void State_and_masks_are_checked()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        uint state = 3;
        Raw(vcpu, KvmIoctl.SetMpState, (nint)(&state)).Should().Be(-(int)Errno.Inval);
        Raw(vcpu, KvmIoctl.GetMpState, (nint)(&state)).Should().Be(0);
        state.Should().Be(0);
        uint length = 4;
        Raw(vcpu, KvmIoctl.SetSignalMask, (nint)(&length)).Should().Be(-(int)Errno.Inval);
        Raw(vcpu, KvmIoctl.SetSignalMask, 0).Should().Be(0);
        uint debug = 0x20000;
        Raw(vcpu, KvmIoctl.SetGuestDebug, (nint)(&debug)).Should().Be(-(int)Errno.Inval);
        Raw(vcpu, KvmIoctl.EnableCap, (nint)(&debug)).Should().Be(-(int)Errno.Inval);
        Raw(vcpu, KvmIoctl.Run, 1).Should().Be(-(int)Errno.Inval);
        Raw(vcpu, 0xc008_aeb0, 0).Should().Be(-(int)Errno.NoTty);
        Raw(vcpu, KvmIoctl.GetRegs, 0).Should().Be(-(int)Errno.Fault);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(19)]
    public void Signal_that_no_mask_can_block_ends_a_run(int signal)
    {
        Vcpu vcpu = _bench.Start($"li.d $t0, {GuestBench.DeviceBase}\nst.d $zero, $t0, 0");
        byte* mask = stackalloc byte[12];
        *(uint*)mask = 8;
        *(ulong*)(mask + 4) = ulong.MaxValue;
        Raw(vcpu, KvmIoctl.SetSignalMask, (nint)mask).Should().Be(0);
        HostThread thread = HostThread.Current;
        (ulong blocked, thread.Blocked) = (thread.Blocked, ulong.MaxValue);
        thread.Signal(10);
        thread.Signal(signal);
        try
        {
            vcpu.Run().Kind.Should().Be(VcpuExitKind.Interrupted);
            Raw(vcpu, KvmIoctl.SetSignalMask, 0).Should().Be(0);
            vcpu.Run().Kind.Should().Be(VcpuExitKind.Interrupted, "the thread's own mask cannot block it either");
            thread.TakeSignal(signal).Should().BeTrue();
            vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio, "the other signal is blocked");
        }
        finally
        {
            thread.TakeSignal(signal);
            thread.TakeSignal(10);
            thread.Blocked = blocked;
        }
    }

    [Fact]
    public void Counter_is_set_through_the_first_vcpu_only()
    {
        Vcpu first = _bench.CreateVcpu();
        Vcpu second = _bench.CreateVcpu(1);

        first.Counter = 0;
        second.Counter = 1UL << 40;

        second.Counter.Should().BeLessThan(100_000_000);
    }

    [Theory]
    [InlineData(0u, 2ul, true)]
    [InlineData(0u, 6ul, true)]
    [InlineData(0u, 3ul, false)]
    [InlineData(0u, 0x4000_0004ul, true)]
    [InlineData(1u, 0ul, true)]
    [InlineData(1u, 1ul, false)]
    [InlineData(2u, 0ul, false)]
    public void Attribute_exists_as_in_linux(uint group, ulong attribute, bool exists)
    {
        var attr = new KvmDeviceAttr { Group = group, Attribute = attribute };
        Raw(_bench.CreateVcpu(), KvmIoctl.HasDeviceAttr, (nint)(&attr)).Should().Be(exists ? 0 : -(int)Errno.NxIo);
    }

    [Fact]
    public void Paravirtual_features_are_set_once()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        SetAttribute(vcpu, 0, 0x4000_0004, 1).Should().Be(Errno.Inval);
        SetAttribute(vcpu, 0, 0x4000_0004, 2).Should().Be(Errno.None);
        SetAttribute(vcpu, 0, 0x4000_0004, 2).Should().Be(Errno.None);
        SetAttribute(vcpu, 0, 0x4000_0004, 6).Should().Be(Errno.Inval);
        SetAttribute(vcpu, 1, 0, 0x20_0001).Should().Be(Errno.NxIo); // stolen time was not chosen
    }

    [Fact]
    public void Steal_time_address_is_checked()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        SetAttribute(vcpu, 1, 0, 0x20_0003).Should().Be(Errno.Inval);
        SetAttribute(vcpu, 1, 0, 0x7000_0001).Should().Be(Errno.Inval);
        SetAttribute(vcpu, 1, 0, 0x20_0001).Should().Be(Errno.None);
    }

    private static ulong Csr(int number) => 0x9030_0000_0001_0000 + ((ulong)number * 8);

    private int Raw(Vcpu vcpu, uint request, nint argument) => _bench.Process.Ioctl(vcpu.Fd, request, argument);

    private Errno Set(Vcpu vcpu, ulong id, ulong value)
    {
        var reg = new KvmOneReg { Id = id, Address = (nint)(&value) };
        return (Errno)(-Raw(vcpu, KvmIoctl.SetOneReg, (nint)(&reg)));
    }

    private Errno SetAttribute(Vcpu vcpu, uint group, ulong attribute, ulong value)
    {
        var attr = new KvmDeviceAttr { Group = group, Attribute = attribute, Address = (nint)(&value) };
        return (Errno)(-Raw(vcpu, KvmIoctl.SetDeviceAttr, (nint)(&attr)));
    }
}
