using LaKvm.Ioctl;
using LaKvm.Memory;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Addresses that cannot be read or written are EFAULT, wherever they stand, and change nothing.</summary>
public sealed unsafe class BadPointerTests : IDisposable
{
    private const ulong PvFeatureWord = 0x4000_0004;
    private const uint EiointcControl = 0x4000_0004;

    private readonly GuestBench _bench = new();
    private readonly Vcpu _vcpu;
    private readonly Device _eiointc;
    private readonly byte* _hole = SharedMemory.Reserve(HostPages.DefaultPageSize);

    public BadPointerTests()
    {
        _vcpu = _bench.CreateVcpu();
        _bench.Vm.CreateDevice(12);
        _eiointc = _bench.Vm.CreateDevice(13);
        _bench.Vm.CreateDevice(14);
    }

    public void Dispose()
    {
        SharedMemory.Unmap(_hole, HostPages.DefaultPageSize);
        _bench.Dispose();
    }

    public static TheoryData<string, uint> Requests()
    {
        var requests = new TheoryData<string, uint>();
        uint[] vm = [KvmIoctl.SetUserMemoryRegion, KvmIoctl.SetUserMemoryRegion2, KvmIoctl.GetDirtyLog,
            KvmIoctl.ClearDirtyLog, KvmIoctl.EnableCap, KvmIoctl.HasDeviceAttr, KvmIoctl.CreateDevice, KvmIoctl.IrqLine,
            KvmIoctl.IrqLineStatus, KvmIoctl.SetGsiRouting, KvmIoctl.IrqFd, KvmIoctl.IoEventFd, KvmIoctl.SignalMsi,
            KvmIoctl.RegisterCoalescedMmio, KvmIoctl.UnregisterCoalescedMmio];
        uint[] vcpu = [KvmIoctl.GetRegs, KvmIoctl.SetRegs, KvmIoctl.GetFpu, KvmIoctl.SetFpu, KvmIoctl.GetOneReg,
            KvmIoctl.SetOneReg, KvmIoctl.GetMpState, KvmIoctl.SetMpState, KvmIoctl.Interrupt, KvmIoctl.SetGuestDebug,
            KvmIoctl.HasDeviceAttr, KvmIoctl.GetDeviceAttr, KvmIoctl.SetDeviceAttr, KvmIoctl.EnableCap,
            KvmIoctl.Translate];
        uint[] device = [KvmIoctl.GetDeviceAttr, KvmIoctl.SetDeviceAttr];
        Add("vm", vm);
        Add("vcpu", vcpu);
        Add("device", device);
        return requests;

        void Add(string kind, uint[] numbers)
        {
            foreach (uint number in numbers)
            {
                requests.Add(kind, number);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Argument_at_a_bad_address_is_refused(string kind, uint request)
    {
        int fd = kind switch { "vm" => _bench.Vm.Fd, "vcpu" => _vcpu.Fd, _ => _eiointc.Fd };
        foreach (nint address in (nint[])[0, 0x10, (nint)_hole, unchecked((nint)0x8000_0000_0000_0000), -1])
        {
            Raw(fd, request, address).Should().Be(Errno.Fault, "0x{0:x} is no address", address);
        }
    }

    [Fact]
    public void Null_signal_mask_is_none()
    {
        Raw(_vcpu.Fd, KvmIoctl.SetSignalMask, 0).Should().Be(Errno.None);
        Raw(_vcpu.Fd, KvmIoctl.SetSignalMask, (nint)_hole).Should().Be(Errno.Fault);
        uint length = 4;
        Raw(_vcpu.Fd, KvmIoctl.SetSignalMask, (nint)(&length)).Should().Be(Errno.Inval);
    }

    [Fact]
    public void Value_of_a_register_at_a_bad_address_changes_nothing()
    {
        var reg = new KvmOneReg { Id = 0x9030_0000_0001_0000 + (0x30 * 8), Address = (nint)_hole };
        _vcpu.SetCsr(0x30, 77);

        Raw(_vcpu.Fd, KvmIoctl.SetOneReg, (nint)(&reg)).Should().Be(Errno.Fault);
        Raw(_vcpu.Fd, KvmIoctl.GetOneReg, (nint)(&reg)).Should().Be(Errno.Fault);
        reg.Id &= ~0x00f0_0000_0000_0000UL;
        Raw(_vcpu.Fd, KvmIoctl.SetOneReg, (nint)(&reg)).Should().Be(Errno.Inval, "the width is looked at first");

        _vcpu.GetCsr(0x30).Should().Be(77);
    }

    [Fact]
    public void Attribute_that_does_not_exist_is_refused_before_its_value_is_looked_at()
    {
        Attribute(_vcpu.Fd, KvmIoctl.SetDeviceAttr, 0, 2).Should().Be(Errno.NxIo);
        Attribute(_vcpu.Fd, KvmIoctl.GetDeviceAttr, 0, 21).Should().Be(Errno.NxIo);
        Attribute(_vcpu.Fd, KvmIoctl.GetDeviceAttr, 7, 0).Should().Be(Errno.NxIo);
        Attribute(_vcpu.Fd, KvmIoctl.GetDeviceAttr, 0, 2).Should().Be(Errno.Fault);
        Attribute(_vcpu.Fd, KvmIoctl.SetDeviceAttr, 0, PvFeatureWord).Should().Be(Errno.Fault);
        Attribute(_vcpu.Fd, KvmIoctl.SetDeviceAttr, 1, 0).Should().Be(Errno.Fault);
        Attribute(_eiointc.Fd, KvmIoctl.SetDeviceAttr, EiointcControl, 9).Should().Be(Errno.None, "Linux ignores it");
        Attribute(_eiointc.Fd, KvmIoctl.SetDeviceAttr, EiointcControl, 0).Should().Be(Errno.Fault);
        Attribute(_eiointc.Fd, KvmIoctl.SetDeviceAttr, EiointcControl, 3).Should()
            .Be(Errno.None, "an order has no value");
        Attribute(_eiointc.Fd, KvmIoctl.HasDeviceAttr, EiointcControl, 0).Should().Be(Errno.Perm);
        _eiointc.GetAttribute(0x4000_0003, 0).Should().Be(256, "the number of cores is as it was");
    }

    [Fact]
    public void Dirty_log_is_kept_when_it_cannot_be_handed_over()
    {
        using UserMemory memory = UserMemory.Map(_bench.Process, 4 * HostPages.DefaultPageSize);
        _bench.Vm.SetMemoryRegion(1, 0x1000_0000, memory, flags: 1);
        _bench.Load("li.d $t0, 0x10008000\nst.d $t0, $t0, 0\nli.d $t0, 0x1fe00000\nst.d $t0, $t0, 0\n");
        _vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
        var log = new KvmDirtyLog { Slot = 1, DirtyBitmap = (nint)_hole };
        var clear = new KvmClearDirtyLog { Slot = 1, PageCount = 4, DirtyBitmap = (nint)_hole };

        Raw(_bench.Vm.Fd, KvmIoctl.GetDirtyLog, (nint)(&log)).Should().Be(Errno.Fault);
        Raw(_bench.Vm.Fd, KvmIoctl.ClearDirtyLog, (nint)(&clear)).Should().Be(Errno.Fault);
        clear.FirstPage = 1;
        Raw(_bench.Vm.Fd, KvmIoctl.ClearDirtyLog, (nint)(&clear)).Should().Be(Errno.Inval);
        log.Slot = clear.Slot = 2;
        Raw(_bench.Vm.Fd, KvmIoctl.GetDirtyLog, (nint)(&log)).Should().Be(Errno.NoEnt);
        Raw(_bench.Vm.Fd, KvmIoctl.ClearDirtyLog, (nint)(&clear)).Should().Be(Errno.Inval);
        clear.FirstPage = 0;
        Raw(_bench.Vm.Fd, KvmIoctl.ClearDirtyLog, (nint)(&clear)).Should().Be(Errno.NoEnt);

        _bench.Vm.GetDirtyLog(1, 4).Should().Equal(1UL << 2);
    }

    [Fact]
    public void Routing_entries_at_a_bad_address_leave_the_table()
    {
        // The head lies at the end of a page, the entries behind it nowhere.
        byte* pages = SharedMemory.Reserve(2 * HostPages.DefaultPageSize);
        using var first = new SharedMemory(HostPages.DefaultPageSize);
        first.ShowAt(pages, 0, HostPages.DefaultPageSize);
        var routing = (KvmIrqRouting*)(pages + HostPages.DefaultPageSize - sizeof(KvmIrqRouting));
        routing->Count = 1;

        Raw(_bench.Vm.Fd, KvmIoctl.SetGsiRouting, (nint)routing).Should().Be(Errno.Fault);
        routing->Count = 4097;
        Raw(_bench.Vm.Fd, KvmIoctl.SetGsiRouting, (nint)routing).Should().Be(Errno.Inval);
        SharedMemory.Unmap(pages, 2 * HostPages.DefaultPageSize);

        var level = new KvmIrqLevel { Irq = 1, Level = 1 };
        Raw(_bench.Vm.Fd, KvmIoctl.IrqLineStatus, (nint)(&level)).Should().Be(Errno.None);
        level.Status.Should().Be(1, "the default table is still there");
    }

    [Theory]
    [InlineData(0x8008_1234u, Errno.Inval)]
    [InlineData(0u, Errno.Inval)]
    [InlineData(0xaeffu, Errno.NoTty)]
    [InlineData(0x8000_ae83u, Errno.NoTty)] // GET_SREGS
    [InlineData(0xc008_aeb0u, Errno.NoTty)] // GET_REG_LIST
    public void Request_of_no_vcpu_is_told_from_a_foreign_one(uint request, Errno expected)
    {
        Raw(_vcpu.Fd, request, 0).Should().Be(expected);
        Raw(_bench.Vm.Fd, request, 0).Should().Be(Errno.NoTty);
        Raw(_bench.Kvm.Fd, request, 0).Should().Be(Errno.NoTty);
        Raw(_eiointc.Fd, request, 0).Should().Be(Errno.NoTty);
        Raw(_bench.Process.CreateEventFd(), request, 0).Should().Be(Errno.NoTty);
        Raw(_bench.Vm.GetStatsFd(), request, 0).Should().Be(Errno.NoTty);
    }

    [Fact]
    public void Mapping_outlives_the_descriptor_and_goes_with_the_last_one()
    {
        int fd = _bench.Process.Ioctl(_bench.Vm.Fd, KvmIoctl.CreateVcpu, 9);
        byte* view = _bench.Process.Map(fd, 0, 0x8000);
        _bench.Process.Close(fd).Should().Be(0);

        view[8].Should().Be(0, "the run page is still there");
        _bench.Process.Unmap(view).Should().Be(0);
        _bench.Process.Unmap(view).Should().Be(-(int)Errno.Inval);
        Raw(fd, KvmIoctl.Run, 0).Should().Be(Errno.BadF);
    }

    private Errno Raw(int fd, uint request, nint argument)
    {
        int result = _bench.Process.Ioctl(fd, request, argument);
        return result < 0 ? (Errno)(-result) : Errno.None;
    }

    private Errno Attribute(int fd, uint request, uint group, ulong attribute)
    {
        var attr = new KvmDeviceAttr { Group = group, Attribute = attribute, Address = (nint)_hole };
        return Raw(fd, request, (nint)(&attr));
    }
}
