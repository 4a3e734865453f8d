using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The raw interface: what is refused, and with which error number.</summary>
public sealed unsafe class ErrnoTests : IDisposable
{
    private const ulong Page = HostPages.DefaultPageSize;

    private readonly GuestBench _bench = new(withRam: false);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void System_descriptor_answers_version_and_mapping_size()
    {
        Raw(_bench.Kvm.Fd, KvmIoctl.GetApiVersion, 0).Should().Be(12);
        Raw(_bench.Kvm.Fd, KvmIoctl.GetApiVersion, 1).Should().Be(-(int)Errno.Inval);
        Raw(_bench.Kvm.Fd, KvmIoctl.GetVcpuMmapSize, 0).Should().Be(0x8000);
        Raw(_bench.Kvm.Fd, 0x1234, 0).Should().Be(-(int)Errno.NoTty);
        Raw(77, KvmIoctl.GetApiVersion, 0).Should().Be(-(int)Errno.BadF);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(9, 2)]
    [InlineData(10, 32767)]
    [InlineData(15, 1)]
    [InlineData(25, 4096)]
    [InlineData(66, 256)]
    [InlineData(82, 0)]
    [InlineData(128, 256)]
    [InlineData(168, 3)]
    [InlineData(187, 0)]
    [InlineData(192, 0)]
    [InlineData(207, 0)]
    [InlineData(223, 1048576)]
    [InlineData(231, 1)]
    [InlineData(4711, 0)]
    public void Capability_has_the_value_of_linux(int capability, int value)
    {
        Raw(_bench.Kvm.Fd, KvmIoctl.CheckExtension, capability).Should().Be(value);
        Raw(_bench.Vm.Fd, KvmIoctl.CheckExtension, capability).Should().Be(value);
    }

    [Fact]
    public void Vcpu_ids_are_limited_and_unique()
    {
        Raw(_bench.Vm.Fd, KvmIoctl.CreateVcpu, 256).Should().Be(-(int)Errno.Inval);
        Raw(_bench.Vm.Fd, KvmIoctl.CreateVcpu, 255).Should().BePositive();
        Raw(_bench.Vm.Fd, KvmIoctl.CreateVcpu, 255).Should().Be(-(int)Errno.Exist);
    }

    [Fact]
    public void As_many_vcpus_as_announced_can_be_made()
    {
        for (int id = 0; id < 256; id++)
        {
            Raw(_bench.Vm.Fd, KvmIoctl.CreateVcpu, id).Should().BePositive();
        }
    }

    [Theory]
    [InlineData(0u, 8u, 0ul, Page, 0ul, Errno.Inval)] // unknown flag
    [InlineData(0u, 4u, 0ul, Page, 0ul, Errno.Inval)] // guest_memfd
    [InlineData(0u, 0u, 0x1000ul, Page, 0ul, Errno.Inval)] // address
    [InlineData(0u, 0u, 0ul, 0x1000ul, 0ul, Errno.Inval)] // size
    [InlineData(0u, 0u, 0ul, Page, 0x1000ul, Errno.Inval)] // host address
    [InlineData(32767u, 0u, 0ul, Page, 0ul, Errno.Inval)] // slot
    [InlineData(0x10000u, 0u, 0ul, Page, 0ul, Errno.Inval)] // address space
    [InlineData(0u, 0u, 0ul, 0ul, 0ul, Errno.Inval)] // deletes what is not there
    [InlineData(0u, 0u, 1ul << 47, Page, 0ul, Errno.NoMem)] // above the guest's address space
    [InlineData(0u, 0u, 0xffff_ffff_ffff_c000ul, Page, 0ul, Errno.Inval)] // wraps
    [InlineData(0u, 0u, 0ul, 1ul << 46, 0ul, Errno.Inval)] // too many pages
    [InlineData(0u, 3u, (1ul << 47) - Page, Page, 0ul, Errno.None)]
    public void Memory_region_is_checked(uint slot, uint flags, ulong gpa, ulong size, ulong offset, Errno expected) =>
        Region(slot, flags, gpa, size, _bench.Ram.Address + offset).Should().Be(expected);

    [Fact]
    public void Memory_region_may_not_overlap_or_change_its_backing()
    {
        ulong hva = _bench.Ram.Address;
        Region(0, 0, 0, 4 * Page, hva).Should().Be(Errno.None);
        Region(1, 0, 3 * Page, 2 * Page, hva).Should().Be(Errno.Exist);
        Region(0, 0, 0, 4 * Page, hva).Should().Be(Errno.None);
        Region(0, 0, 0, 5 * Page, hva).Should().Be(Errno.Inval);
        Region(0, 0, 0, 4 * Page, hva + Page).Should().Be(Errno.Inval);
        Region(0, 2, 0, 4 * Page, hva).Should().Be(Errno.Inval);
        Region(0, 1, 0, 4 * Page, hva).Should().Be(Errno.None);
        Region(0, 1, 8 * Page, 4 * Page, hva).Should().Be(Errno.None);
        Region(1, 0, 0, 4 * Page, hva).Should().Be(Errno.None);
        Region(0, 0, 0, 0, 0).Should().Be(Errno.None);
    }

    [Fact]
    public void Dirty_log_needs_a_logged_slot()
    {
        Region(0, 0, 0, 4 * Page, _bench.Ram.Address).Should().Be(Errno.None);
        ulong bits = 0;
        var log = new KvmDirtyLog { Slot = 0, DirtyBitmap = (nint)(&bits) };
        Raw(_bench.Vm.Fd, KvmIoctl.GetDirtyLog, (nint)(&log)).Should().Be(-(int)Errno.NoEnt);
        log.Slot = 32767;
        Raw(_bench.Vm.Fd, KvmIoctl.GetDirtyLog, (nint)(&log)).Should().Be(-(int)Errno.Inval);
        Raw(_bench.Vm.Fd, KvmIoctl.GetDirtyLog, 0).Should().Be(-(int)Errno.Fault);
    }

    [Theory]
    [InlineData(KvmCap.ManualDirtyLogProtect2, 1ul, Errno.None)]
    [InlineData(KvmCap.ManualDirtyLogProtect2, 3ul, Errno.None)]
    [InlineData(KvmCap.ManualDirtyLogProtect2, 2ul, Errno.Inval)]
    [InlineData(KvmCap.ManualDirtyLogProtect2, 4ul, Errno.Inval)]
    [InlineData(KvmCap.HaltPoll, 0ul, Errno.None)]
    [InlineData(KvmCap.HaltPoll, 1ul << 32, Errno.Inval)]
    [InlineData(KvmCap.DirtyLogRing, 0x4000ul, Errno.Inval)]
    [InlineData(KvmCap.DirtyLogRingAcqRel, 0x4000ul, Errno.None)]
    [InlineData(KvmCap.DirtyLogRingAcqRel, 0x2000ul, Errno.Inval)]
    [InlineData(KvmCap.DirtyLogRingAcqRel, 0x6000ul, Errno.Inval)]
    [InlineData(KvmCap.DirtyLogRingAcqRel, 0x200000ul, Errno.TooBig)]
    [InlineData(KvmCap.MpState, 0ul, Errno.Inval)]
    public void Capability_is_enabled_within_its_limits(KvmCap capability, ulong argument, Errno expected)
    {
        var cap = new KvmEnableCap { Cap = capability };
        cap.Arguments[0] = argument;
        Raw(_bench.Vm.Fd, KvmIoctl.EnableCap, (nint)(&cap)).Should().Be(-(int)expected);
    }

    [Fact]
    public void Interrupt_ioctls_need_the_controllers()
    {
        var level = new KvmIrqLevel { Irq = 1, Level = 1 };
        var msi = new KvmMsi { Data = 40 };
        var irqFd = new KvmIrqFd { Fd = _bench.Process.CreateEventFd(), Gsi = 1 };
        Raw(_bench.Vm.Fd, KvmIoctl.CreateIrqChip, 0).Should().Be(0);
        Raw(_bench.Vm.Fd, KvmIoctl.IrqLine, (nint)(&level)).Should().Be(-(int)Errno.NxIo);
        Raw(_bench.Vm.Fd, KvmIoctl.SignalMsi, (nint)(&msi)).Should().Be(-(int)Errno.Inval);
        Raw(_bench.Vm.Fd, KvmIoctl.IrqFd, (nint)(&irqFd)).Should().Be(-(int)Errno.Again);
        irqFd.Flags = 4;
        Raw(_bench.Vm.Fd, KvmIoctl.IrqFd, (nint)(&irqFd)).Should().Be(-(int)Errno.Inval);
    }

    [Theory]
    [InlineData(12u, Errno.None, Errno.Inval)]
    [InlineData(13u, Errno.None, Errno.Inval)]
    [InlineData(14u, Errno.None, Errno.Inval)]
    [InlineData(15u, Errno.NoDev, Errno.NoDev)] // needs message interrupts
    [InlineData(99u, Errno.NoDev, Errno.NoDev)]
    public void Device_is_created_once(uint type, Errno first, Errno second)
    {
        var create = new KvmCreateDevice { Type = type };
        var test = new KvmCreateDevice { Type = type, Flags = 1 };
        Raw(_bench.Vm.Fd, KvmIoctl.CreateDevice, (nint)(&test)).Should().Be(-(int)first);
        Raw(_bench.Vm.Fd, KvmIoctl.CreateDevice, (nint)(&create)).Should().Be(-(int)first);
        Raw(_bench.Vm.Fd, KvmIoctl.CreateDevice, (nint)(&create)).Should().Be(-(int)second);
    }

    [Fact]
    public void Io_event_is_checked()
    {
        int fd = _bench.Process.CreateEventFd();
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 3 }).Should().Be(Errno.Inval);
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 4, Flags = 32 }).Should().Be(Errno.Inval);
        Event(new KvmIoEventFd { Fd = _bench.Vm.Fd, Address = 0x1000, Length = 4 }).Should().Be(Errno.Inval);
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 0, Flags = 1 }).Should().Be(Errno.Inval);
        Event(new KvmIoEventFd { Fd = fd, Address = ulong.MaxValue, Length = 4 }).Should().Be(Errno.Inval);
        Event(new KvmIoEventFd { Fd = 99, Address = 0x1000, Length = 4 }).Should().Be(Errno.BadF);
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 4, DataMatch = 1, Flags = 1 }).Should()
            .Be(Errno.None);
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 4, DataMatch = 2, Flags = 1 }).Should()
            .Be(Errno.None);
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 4 }).Should().Be(Errno.Exist);
        Event(new KvmIoEventFd { Fd = fd, Address = 0x1000, Length = 4, Flags = 2 }).Should().Be(Errno.None, "a port");
        Event(new KvmIoEventFd { Fd = fd, Address = 0x2000, Length = 4, Flags = 4 }).Should().Be(Errno.NoEnt);
    }

    [Fact]
    public void Routing_entry_is_checked()
    {
        Action pin = () => _bench.Vm.SetGsiRouting([new KvmIrqRoutingEntry { Gsi = 1, Type = 1, Pin = 64 }]);
        Action chip = () => _bench.Vm.SetGsiRouting([new KvmIrqRoutingEntry { Gsi = 1, Type = 1, IrqChip = 1 }]);
        Action type = () => _bench.Vm.SetGsiRouting([new KvmIrqRoutingEntry { Gsi = 1, Type = 3 }]);
        Action good = () => _bench.Vm.SetGsiRouting([new KvmIrqRoutingEntry { Gsi = 1, Type = 2, Data = 40 }]);
        pin.Should().Throw<KvmException>().Which.Error.Should().Be((int)Errno.Inval);
        chip.Should().Throw<KvmException>();
        type.Should().Throw<KvmException>();
        good.Should().NotThrow();
    }

    [Fact]
    public void Mapping_of_a_vcpu_has_run_page_and_ring_and_nothing_else()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        (_bench.Process.Map(vcpu.Fd, 0, 0x8000) != null).Should().BeTrue();
        (_bench.Process.Map(vcpu.Fd, 1, Page) != null).Should().BeTrue();
        (_bench.Process.Map(vcpu.Fd, 2, Page) == null).Should().BeTrue();
        (_bench.Process.Map(vcpu.Fd, 64, Page) == null).Should().BeTrue();
    }

    [Fact]
    public void Descriptors_of_a_vcpu_keep_its_vm_alive()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        _bench.Vm.Dispose();

        vcpu.GetCsr(0).Should().Be(8);

        KvmVm vm = GuestBench.CoreOf(_bench.Process, vcpu).Vm;
        vcpu.Dispose();
        vm.Dead.Should().BeTrue();
    }

    private int Raw(int fd, uint request, nint argument) => _bench.Process.Ioctl(fd, request, argument);

    private Errno Event(KvmIoEventFd io) => (Errno)(-Raw(_bench.Vm.Fd, KvmIoctl.IoEventFd, (nint)(&io)));

    private Errno Region(uint slot, uint flags, ulong gpa, ulong size, ulong hva)
    {
        var region = new KvmUserspaceMemoryRegion2
        {
            Region = new KvmUserspaceMemoryRegion
            {
                Slot = slot,
                Flags = flags,
                GuestPhysicalAddress = gpa,
                MemorySize = size,
                UserspaceAddress = hva,
            },
        };
        return (Errno)(-Raw(_bench.Vm.Fd, KvmIoctl.SetUserMemoryRegion2, (nint)(&region)));
    }
}
