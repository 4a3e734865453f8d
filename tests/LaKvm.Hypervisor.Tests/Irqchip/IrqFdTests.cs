using LaKvm.Ioctl;
using static LaKvm.Hypervisor.Tests.IrqchipBench;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Events that inject interrupts.</summary>
public sealed unsafe class IrqFdTests : IDisposable
{
    private const uint Gsi = 9, MessageVector = 41;
    private const ulong MessageLine = 1 << 2, PinLine = 1 << 3;

    private readonly IrqchipBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private Vcpu OpenForMessages()
    {
        Vcpu vcpu = _bench.Guest.CreateVcpu();
        _bench.Open(line: 0);
        _bench.RouteToMessage(Gsi, MessageVector);
        return vcpu;
    }

    [Fact]
    public void Event_that_was_signalled_before_injects_when_assigned()
    {
        Vcpu vcpu = OpenForMessages();
        _bench.CreateEvent(out int fd).Signal();

        _bench.Vm.SetIrqFd(fd, Gsi);

        vcpu.GetCsr(Estat).Should().Be(MessageLine);
    }

    [Fact]
    public void Event_that_was_not_signalled_does_not_inject_when_assigned()
    {
        Vcpu vcpu = OpenForMessages();
        EventDescriptor source = _bench.CreateEvent(out int fd);
        source.Signal();
        source.Take().Should().Be(1);

        _bench.Vm.SetIrqFd(fd, Gsi);

        vcpu.GetCsr(Estat).Should().Be(0);
    }

    [Fact]
    public void Injecting_takes_the_count()
    {
        Vcpu vcpu = OpenForMessages();
        EventDescriptor source = _bench.CreateEvent(out int fd);
        _bench.Vm.SetIrqFd(fd, Gsi);

        source.Signal();

        vcpu.GetCsr(Estat).Should().Be(MessageLine);
        Span<byte> eight = stackalloc byte[8];
        _bench.Guest.Process.Read(fd, eight, 0).Should().Be(-(int)Errno.Again);
        _bench.Vm.SetIrqFd(fd, Gsi, assign: false);
        source.Signal();
        _bench.Guest.Process.Read(fd, eight, 0).Should().Be(8);
    }

    [Fact]
    public void Event_raises_and_lowers_a_pin()
    {
        _bench.Open();
        EventDescriptor source = _bench.CreateEvent(out int fd);
        Vcpu vcpu = _bench.Guest.CreateVcpu();
        _bench.Vm.SetIrqFd(fd, 5);

        source.Signal();

        _bench.PchPic.GetAttribute(PchPicRegisters, Irr).Should().Be(0, "a level ends at once");
        vcpu.GetCsr(Estat).Should().Be(0);
        _bench.PchPic.SetAttribute(PchPicRegisters, Edge, 1 << 5);
        source.Signal();
        vcpu.GetCsr(Estat).Should().Be(PinLine);
        _bench.PchPic.SetAttribute(PchPicRegisters, Edge, 0);
        source.Signal();
        _bench.PchPic.GetAttribute(PchPicRegisters, Irr).Should().Be(0, "the pin was lowered, and is no edge any more");
    }

    [Fact]
    public void Resampling_event_keeps_its_pin_high_until_the_last_one_is_deassigned()
    {
        Vcpu vcpu = _bench.Guest.CreateVcpu();
        _bench.Open();
        int[] fds = new int[2];
        foreach (ref int fd in fds.AsSpan())
        {
            EventDescriptor source = _bench.CreateEvent(out fd);
            _bench.CreateEvent(out int resample);
            var irqFd = new KvmIrqFd { Fd = fd, Gsi = 5, Flags = 2, ResampleFd = resample };
            _bench.Guest.Process.Ioctl(_bench.Vm.Fd, KvmIoctl.IrqFd, (nint)(&irqFd)).Should().Be(0);
            source.Signal();
        }

        vcpu.GetCsr(Estat).Should().Be(PinLine);
        _bench.Vm.SetIrqFd(fds[0], 5, assign: false);
        vcpu.GetCsr(Estat).Should().Be(PinLine);
        _bench.Vm.SetIrqFd(fds[1], 5, assign: false);
        vcpu.GetCsr(Estat).Should().Be(0);
    }

    [Fact]
    public void Signal_under_way_does_not_inject_once_the_event_has_been_deassigned()
    {
        Vcpu vcpu = OpenForMessages();
        var source = new Slow();
        _bench.Guest.Core.IrqFds.Assign(source, Gsi).Should().Be(Errno.None);
        Action underWay = source.Listeners!; // what a signal has copied before it calls
        _bench.Guest.Core.IrqFds.Deassign(source, Gsi);

        underWay();

        vcpu.GetCsr(Estat).Should().Be(0);
    }

    /// <summary>An event whose listeners can be called at any time.</summary>
    private sealed class Slow : IKvmEvent
    {
        internal Action? Listeners { get; private set; }

        public event Action Signalled
        {
            add => Listeners += value;
            remove => Listeners -= value;
        }

        public event Action Closed
        {
            add { }
            remove { }
        }

        public void Signal() => Listeners?.Invoke();
    }
}
