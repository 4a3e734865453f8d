using LaKvm.Ioctl;
using static LaKvm.Hypervisor.Tests.IrqchipBench;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Guest writes that signal events or are collected in the ring.</summary>
public sealed unsafe class IoEventTests : IDisposable
{
    private const ulong Address = 0x1fe0_0000;

    private readonly GuestBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Only_a_write_of_the_event_s_length_signals(int length)
    {
        int fd = _bench.Process.CreateEventFd();
        _bench.Vm.SetIoEventFd(fd, Address, (uint)length, match: Bits(0x8877_6655_4433_2211, length));
        var source = (EventDescriptor)_bench.Process.Find(fd)!;
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 0x1fe00000
            li.d    $t1, 0x8877665544332211
            st.b    $t1, $t0, 0
            st.h    $t1, $t0, 0
            st.w    $t1, $t0, 0
            st.d    $t1, $t0, 0
            """ + Stop);

        var seen = new List<int>();
        for (VcpuExit exit = vcpu.Run(); exit.Address == Address; exit = vcpu.Run())
        {
            seen.Add(exit.Size);
            exit.Data.Should().Be(Bits(0x8877_6655_4433_2211, exit.Size));
        }

        seen.Should().Equal(new[] { 1, 2, 4, 8 }.Where(size => size != length));
        source.Take().Should().Be(1);
    }

    [Fact]
    public void Write_of_any_length_signals_an_event_of_length_0()
    {
        int fd = _bench.Process.CreateEventFd();
        _bench.Vm.SetIoEventFd(fd, Address, 0);
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 0x1fe00000
            st.b    $t1, $t0, 0
            st.h    $t1, $t0, 0
            st.w    $t1, $t0, 0
            st.d    $t1, $t0, 0
            st.b    $t1, $t0, 1
            """);

        vcpu.Run().Address.Should().Be(Address + 1);

        ((EventDescriptor)_bench.Process.Find(fd)!).Take().Should().Be(4);
    }

    [Fact]
    public void Write_under_way_does_not_signal_once_the_event_has_been_deassigned()
    {
        KvmVcpu core = GuestBench.CoreOf(_bench.Process, _bench.CreateVcpu());
        int fd = _bench.Process.CreateEventFd();
        var source = (EventDescriptor)_bench.Process.Find(fd)!;
        _bench.Core.IoEvents.Assign(source, Address, 4, null).Should().Be(Errno.None);
        IKvmIoDevice found = _bench.Core.Buses.Mmio.DevicesAt(Address).Single();

        _bench.Core.IoEvents.Deassign(source, Address, 4, null).Should().Be(Errno.None);

        found.Write(core, Address, 4, 0).Should().BeFalse("it goes on to user space");
        source.Take().Should().Be(0);
    }

    [Fact]
    public void Write_under_way_is_not_collected_once_its_zone_has_been_unregistered()
    {
        Vcpu vcpu = _bench.CreateVcpu();
        KvmVcpu core = GuestBench.CoreOf(_bench.Process, vcpu);
        _bench.Vm.SetCoalescedMmio(Address, 0x100);
        IKvmIoDevice found = _bench.Core.Buses.Mmio.DevicesAt(Address).Single();
        found.Write(core, Address, 4, 0).Should().BeTrue();

        _bench.Vm.SetCoalescedMmio(Address, 0x100, register: false);

        found.Write(core, Address, 4, 0).Should().BeFalse();
        ((CoalescedMmioRing*)_bench.Process.Map(vcpu.Fd, 1, HostPages.DefaultPageSize))->Last.Should().Be(1);
    }

    private static ulong Bits(ulong value, int length) => length == 8 ? value : value & ((1UL << (8 * length)) - 1);
}
