using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The controllers in the hypervisor, and events in and out.</summary>
public sealed unsafe class IrqchipTests : IDisposable
{
    private const ulong PchPicBase = 0x1000_0000;
    private const uint EiointcRegisters = 0x4000_0002, EiointcStatus = 0x4000_0003, EiointcControl = 0x4000_0004;
    private const uint IpiRegisters = 0x4000_0001, PchPicRegisters = 0x4000_0005;
    private const int Estat = 5;

    private const string Stop = """

        li.d    $s8, 0x1fe00ff8
        st.d    $zero, $s8, 0
        """;

    private readonly GuestBench _bench = new();
    private readonly Device _ipi;
    private readonly Device _eiointc;
    private readonly Device _pchPic;

    public IrqchipTests()
    {
        _ipi = _bench.Vm.CreateDevice(12);
        _eiointc = _bench.Vm.CreateDevice(13);
        _pchPic = _bench.Vm.CreateDevice(14);
        _eiointc.SetAttribute(EiointcControl, 0, 2);
        _eiointc.SetAttribute(EiointcControl, 1, 0);
        _pchPic.SetAttribute(0x4000_0006, 0, PchPicBase);
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Guest_sends_itself_an_ipi_and_clears_it()
    {
        Vcpu vcpu = _bench.Start("""
            ori     $t0, $zero, 3
            li.d    $t1, 0x1040
            iocsrwr.w $t0, $t1
            csrrd   $s0, 5
            li.d    $t1, 0x1000
            iocsrrd.w $s1, $t1
            addi.d  $t1, $t1, 12
            iocsrwr.w $s1, $t1
            csrrd   $s2, 5
            """ + Stop);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        ulong[] gpr = vcpu.GetRegisters().Gpr;
        gpr[23].Should().Be(1 << 12);
        gpr[24].Should().Be(1 << 3);
        gpr[25].Should().Be(0);
        GuestBench.CoreOf(_bench.Process, vcpu).Statistics["ipi_write_exits"].Should().Be(2);
    }

    [Fact]
    public void Mail_with_an_ipi_wakes_another_vcpu()
    {
        Vcpu target = _bench.CreateVcpu(1);
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 0x1234567800010000
            li.d    $t1, 0x1048
            iocsrwr.d $t0, $t1
            li.d    $t0, 0x10001
            li.d    $t1, 0x1040
            iocsrwr.w $t0, $t1
            """ + Stop);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        _ipi.GetAttribute(IpiRegisters, 0x1_0020).Should().Be(0x1234_5678);
        _ipi.GetAttribute(IpiRegisters, 0x1_0000).Should().Be(2);
        target.GetCsr(Estat).Should().Be(1 << 12);
    }

    [Fact]
    public void Pin_of_the_bridge_reaches_the_guest_by_its_vector()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        Unmask(pin: 5, vector: 33, line: 1);

        _bench.Vm.SetIrqLine(5, true);
        vcpu.GetCsr(Estat).Should().Be(1 << 3);

        _bench.Vm.SetIrqLine(5, false);
        vcpu.GetCsr(Estat).Should().Be(0);
    }

    [Fact]
    public void Message_reaches_the_guest_directly()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        Unmask(pin: 0, vector: 0, line: 2);

        _bench.Vm.SignalMsi(40).Should().Be(0);
        _bench.Vm.SignalMsi(256).Should().BeNegative();

        vcpu.GetCsr(Estat).Should().Be(1 << 4);
        _eiointc.GetAttribute(EiointcRegisters, 0x404).Should().Be(1 << 8);
    }

    [Fact]
    public void Event_injects_the_interrupt_that_its_route_names()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        Unmask(pin: 0, vector: 0, line: 0);
        int fd = _bench.Process.CreateEventFd();
        _bench.Vm.SetGsiRouting([new KvmIrqRoutingEntry { Gsi = 9, Type = KvmIrqRoutingEntry.TypeMsi, Data = 41 }]);
        _bench.Vm.SetIrqFd(fd, 9);
        Action again = () => _bench.Vm.SetIrqFd(fd, 9);
        again.Should().Throw<KvmException>().Which.Error.Should().Be((int)Errno.Busy);

        ((EventDescriptor)_bench.Process.Find(fd)!).Signal();

        vcpu.GetCsr(Estat).Should().Be(1 << 2);
        _bench.Vm.SetIrqFd(fd, 9, assign: false);
        _bench.Vm.SetIrqFd(fd, 9);
    }

    [Fact]
    public void Guest_programs_the_bridge_and_takes_its_interrupt()
    {
        Unmask(pin: 2, vector: 2, line: 1, maskPin: true);
        _bench.Vm.SetIrqLine(2, true);
        Vcpu vcpu = _bench.Start("""
            csrrd   $s0, 5
            li.d    $t0, 0x10000020
            li.w    $t1, -5
            st.w    $t1, $t0, 0
            ld.wu   $s1, $t0, 0
            csrrd   $s2, 5
            """ + Stop);

        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

        ulong[] gpr = vcpu.GetRegisters().Gpr;
        gpr[23].Should().Be(0);
        gpr[24].Should().Be(0xffff_fffb);
        gpr[25].Should().Be(1 << 3);
    }

    [Fact]
    public void State_of_the_controllers_moves_to_another_vm()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        Unmask(pin: 5, vector: 33, line: 1);
        _bench.Vm.SetIrqLine(5, true);
        uint[] offsets = [0xa0, 0xc0, 0xc4, 0x204, 0x304, 0x404, 0x820];
        ulong[] saved = [.. offsets.Select(o => _eiointc.GetAttribute(EiointcRegisters, o))];
        saved[5].Should().Be(2);

        using var other = new GuestBench();
        Device ipi = other.Vm.CreateDevice(12);
        Device eiointc = other.Vm.CreateDevice(13);
        other.Vm.CreateDevice(14);
        Vcpu moved = other.CreateVcpu();
        eiointc.SetAttribute(EiointcControl, 0, 2);
        for (int i = 0; i < offsets.Length; i++)
        {
            eiointc.SetAttribute(EiointcRegisters, offsets[i], saved[i]);
        }

        eiointc.SetAttribute(EiointcControl, 3, 0);
        ipi.SetAttribute(IpiRegisters, 0, 4);

        eiointc.GetAttribute(EiointcStatus, 0).Should().Be(2);
        eiointc.GetAttribute(EiointcRegisters, 0x404).Should().Be(2);
        moved.GetCsr(Estat).Should().Be(vcpu.GetCsr(Estat) | (1 << 12));
    }

    [Fact]
    public void Write_that_signals_an_event_does_not_reach_user_space()
    {
        int fd = _bench.Process.CreateEventFd();
        _bench.Vm.SetIoEventFd(fd, 0x1fe0_0000, 4, match: 7);
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 0x1fe00000
            ori     $t1, $zero, 7
            st.w    $t1, $t0, 0
            st.w    $t1, $t0, 0
            ori     $t1, $zero, 8
            st.w    $t1, $t0, 0
            """ + Stop);

        vcpu.Run().Data.Should().Be(8);

        ((EventDescriptor)_bench.Process.Find(fd)!).Take().Should().Be(2);
        _bench.Vm.SetIoEventFd(fd, 0x1fe0_0000, 4, match: 7, assign: false);
    }

    [Fact]
    public void Coalesced_writes_wait_in_the_ring_until_it_is_full()
    {
        _bench.Vm.SetCoalescedMmio(0x1fe0_0000, 0x100);
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 0x1fe00000
            1:
            addi.d  $t1, $t1, 1
            st.d    $t1, $t0, 8
            b       1b
            """);
        var ring = (CoalescedMmioRing*)_bench.Process.Map(vcpu.Fd, 1, HostPages.DefaultPageSize);
        int usable = (int)CoalescedMmioRing.Capacity(HostPages.DefaultPageSize) - 1;

        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, 0x1fe0_0008, 8, true, (ulong)usable + 1));

        usable.Should().Be(681);
        ring->Last.Should().Be((uint)usable);
        var entries = (CoalescedMmioEntry*)(ring + 1);
        entries[680].Should().BeEquivalentTo(
            new CoalescedMmioEntry { PhysicalAddress = 0x1fe0_0008, Length = 8, Data = 681 });
        _bench.Vm.SetCoalescedMmio(0x1fe0_0000, 0x100, register: false);
        vcpu.Run().Data.Should().Be((ulong)usable + 2);
    }

    /// <summary>Enables all vectors, maps them to one HWI line, and lets a pin through to a vector.</summary>
    private void Unmask(int pin, int vector, int line, bool maskPin = false)
    {
        for (uint word = 0; word < 8; word++)
        {
            _eiointc.SetAttribute(EiointcRegisters, 0x200 + (word * 4), 0xffff_ffff);
        }

        ulong map = 0x0101_0101UL << line;
        _eiointc.SetAttribute(EiointcRegisters, 0xc0, map);
        _eiointc.SetAttribute(EiointcRegisters, 0xc4, map);
        for (uint vectorWord = 0; vectorWord < 64; vectorWord++)
        {
            _eiointc.SetAttribute(EiointcRegisters, 0x800 + (vectorWord * 4), 0x0101_0101);
        }

        _eiointc.SetAttribute(EiointcControl, 3, 0);
        _pchPic.SetAttribute(PchPicRegisters, 0x200 + (ulong)pin, (ulong)vector);
        _pchPic.SetAttribute(PchPicRegisters, 0x20, maskPin ? 0xffff_ffff_ffff_ffff : ~(1UL << pin));
    }
}
