using System.Buffers.Binary;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public sealed class VirtioPciTests : IDisposable
{
    private const int Device = 3, QueueSize = 4;
    private const ulong Registers = 0x4000_4000, Common = Registers, Isr = Registers + 0x1000,
        Configuration = Registers + 0x2000, Notify = Registers + 0x3000, Table = 0x4000_0000;
    private const ulong Descriptors = 0x1000, Available = 0x1100, Used = 0x1200, Buffer = 0x2000;

    private readonly PciBench _bench = new();
    private readonly List<string> _errors = [];
    private readonly RecordingBell _bell = new();

    public VirtioPciTests() => Plug(new VirtioEntropy(FixedSources.Random));

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0, 1)] // common configuration, where QEMU has it
    [InlineData(0x1000, 3)]
    [InlineData(0x2000, 4)]
    [InlineData(0x3000, 2)]
    public void Capabilities_lead_to_the_registers(int offset, int kind)
    {
        (int place, int bar, uint start, uint length) =
            Capabilities().Single(c => Config(c.Place + 3, 1) == (uint)kind);
        bar.Should().Be(4);
        start.Should().Be((uint)offset);
        length.Should().Be(0x1000);
        if (kind == 2)
        {
            Config(place + 2, 1).Should().Be(20);
            Config(place + 16, 4).Should().Be(4, "neighbouring queues are 4 bytes apart");
        }
    }

    [Fact]
    public void Function_is_what_a_modern_driver_looks_for()
    {
        Config(0, 4).Should().Be(0x1044_1af4);
        Config(8, 4).Should().Be(0x00ff_0001);
        Config(0x3d, 1).Should().Be(1);
        List<int> places = [.. Walk()];
        Config(places[0], 1).Should().Be(0x11, "MSI-X is the first");
        Config(places[0] + 2, 2).Should().Be(1, "a message for the queue, and one for the configuration");
        places.Skip(1).Should().OnlyContain(place => Config(place, 1) == 9);
    }

    [Fact]
    public void Request_is_served_and_told_by_the_queues_message()
    {
        Start(queueVector: 1);
        _bench.Write(Notify, 2, 0);
        SpinWait.SpinUntil(() => UsedIndex() == 1, 5000).Should().BeTrue();
        SpinWait.SpinUntil(() => _bench.Vectors.Triggered.Count == 1, 5000).Should().BeTrue();
        _bench.Vectors.Triggered.Should().Equal(101);
        _bench.Lines.Should().OnlyContain(line => !line.Level);
    }

    [Fact]
    public void Driver_without_messages_gets_the_pin_until_it_reads_why()
    {
        Start(queueVector: 1, messages: false);
        _bench.Write(Notify, 2, 0);
        SpinWait.SpinUntil(() => _bench.Lines[Device].Level, 5000).Should().BeTrue();
        Config(6, 2).Should().Be(0x18);
        _bench.Read(Isr, 1).Should().Be(1);
        _bench.Lines[Device].Level.Should().BeFalse();
        _bench.Read(Isr, 1).Should().Be(0);
        _bench.Vectors.Triggered.Should().BeEmpty();
    }

    [Fact]
    public void Queue_without_a_vector_interrupts_nobody()
    {
        Start(queueVector: VirtioControl.NoVector);
        _bench.Write(Notify, 2, 0);
        SpinWait.SpinUntil(() => UsedIndex() == 1, 5000).Should().BeTrue();
        _bench.Write(Common + 0x14, 1, 0);
        _bench.Vectors.Triggered.Should().BeEmpty();
        _bench.Lines[Device].Rises.Should().Be(0);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 0xffff)]
    [InlineData(0xffff, 0xffff)]
    public void Vector_that_does_not_exist_reads_back_as_none(uint vector, uint reads)
    {
        Place();
        _bench.Write(Common + 0x10, 2, vector);
        _bench.Read(Common + 0x10, 2).Should().Be(reads);
        _bench.Write(Common + 0x1a, 2, vector);
        _bench.Read(Common + 0x1a, 2).Should().Be(reads);
        _bench.Write(Common + 0x14, 1, 0);
        _bench.Read(Common + 0x1a, 2).Should().Be(0xffff);
    }

    [Fact]
    public void Common_registers_have_the_values_of_the_device()
    {
        Place();
        _bench.Read(Common + 4, 4).Should().Be(0x3000_0000);
        _bench.Write(Common, 4, 1);
        _bench.Read(Common + 4, 4).Should().Be(1);
        _bench.Read(Common + 0x12, 2).Should().Be(1, "it has one queue");
        _bench.Read(Common + 0x18, 2).Should().Be(64);
        _bench.Read(Common + 0x1e, 2).Should().Be(0);
        _bench.Write(Common + 0x16, 2, 1);
        _bench.Read(Common + 0x18, 2).Should().Be(0, "there is no second queue");
        _bench.Write(Common + 0x16, 2, 0);
        _bench.Write(Common + 0x28, 8, 0x1_2345_6780);
        _bench.Read(Common + 0x2c, 4).Should().Be(1);
        _bench.Read(Common + 0x28, 8).Should().Be(0x1_2345_6780);
    }

    [Fact]
    public void Registers_are_reached_through_the_configuration_space()
    {
        int place = Walk().Single(p => Config(p, 1) == 9 && Config(p + 3, 1) == 5);
        _bench.Configure(Device, place + 4, 1, 4);
        _bench.Configure(Device, place + 8, 4, 0x18);
        _bench.Configure(Device, place + 12, 4, 2);
        Config(place + 16, 4).Should().Be(64, "queue_size, though nothing is placed");
        _bench.Configure(Device, place + 16, 4, 16);
        Config(place + 16, 4).Should().Be(16);
        _bench.Configure(Device, place + 8, 4, 0x4000);
        _bench.Configure(Device, place + 16, 4, 99);
        Config(place + 16, 4).Should().Be(99, "behind the registers there is only the field itself");
    }

    [Fact]
    public void Device_configuration_is_read_with_any_width()
    {
        _bench.Host.Plug(4, socket => new VirtioPci(
            new VirtioNetwork(new SilentNetwork(), [1, 2, 3, 4, 5, 6]), socket, _bench.Ram, GuestErrorLog.Silent));
        _bench.Configure(4, 0x20, 4, 0x4001_0000);
        _bench.Configure(4, 4, 2, 6);
        _bench.Read(0x4001_2000, 4).Should().Be(0x0403_0201);
        _bench.Read(0x4001_2005, 1).Should().Be(6);
        _bench.Configuration(4, 8, 4).Should().Be(0x0200_0001);
    }

    [Fact]
    public void Bell_listens_where_the_notification_registers_are()
    {
        Place();
        _bell.Heard.Should().Equal((Notify, 2));
        _bench.Configure(Device, 0x20, 4, 0x4008_0000);
        _bell.Heard.Should().Equal((0x4008_3000UL, 2));
        _bench.Configure(Device, 0x20, 4, 0x3000_0000);
        _bell.Heard.Should().BeEmpty("processors don't see that place");
        _bench.Configure(Device, 0x20, 4, 0x4008_0000);
        _bench.Configure(Device, 4, 2, 0);
        _bell.Heard.Should().BeEmpty();
    }

    [Fact]
    public void Random_accesses_end_and_leave_a_device_that_works_after_reset()
    {
        var random = new Random(7);
        for (int i = 0; i < 30_000; i++)
        {
            int size = 1 << random.Next(4);
            ulong offset = (ulong)random.Next(0x8000) & ~(ulong)(size - 1);
            ulong value = random.Next(2) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(0x40);
            switch (random.Next(5))
            {
                case 0:
                    _bench.Host.Write(((ulong)Device << 15) + (offset & 0xff), size, value);
                    break;
                case 1:
                    _bench.Host.Read(((ulong)Device << 15) + (offset & 0xfff), size);
                    break;
                case 2:
                    _bench.Read(Table + offset, size);
                    break;
                case 3:
                    Place();
                    break;
                default:
                    _bench.Write(Table + (random.Next(2) == 0 ? offset : 0x4000 + (offset & 0x3f)), size, value);
                    break;
            }
        }

        _bench.Host.Reset();
        _bench.Vectors.Triggered.Clear();
        _bench.Ram.Write(Used + 2, [0, 0]);
        Request_is_served_and_told_by_the_queues_message();
    }

    [Fact]
    public void Board_plugs_its_devices_into_the_bus_in_order()
    {
        using var machine = new BoardMachine(
            new BoardMachineOptions
            {
                Devices = new()
                {
                    Virtio = [new VirtioEntropy(FixedSources.Random), new VirtioConsole(new RecordingSerial())],
                    Transport = VirtioTransport.Pci,
                },
            },
            FixedSources.Create(new FixedClock()), new RecordingCores(), new RecordingControl());
        machine.ReadMmio(0x2000_8000, 4).Should().Be(0x1044_1af4);
        machine.ReadMmio(0x2001_0000, 4).Should().Be(0x1043_1af4);
        machine.ReadMmio(0x2001_8000, 4).Should().Be(0xffff_ffff);
        machine.Mmio.Answers(0x1fe0_2000, 4).Should().BeFalse();
    }

    private void Plug(VirtioDevice device) => _bench.Host.Plug(Device, socket =>
        new VirtioPci(device, socket, _bench.Ram, new GuestErrorLog(_errors.Add), _bell));

    private uint Config(int register, int size) => (uint)_bench.Configuration(Device, register, size);

    private IEnumerable<int> Walk()
    {
        for (int place = (int)Config(0x34, 1); place != 0; place = (int)Config(place + 1, 1))
        {
            yield return place;
        }
    }

    private IEnumerable<(int Place, int Bar, uint Offset, uint Length)> Capabilities() => Walk()
        .Where(place => Config(place, 1) == 9)
        .Select(place => (place, (int)Config(place + 4, 1), Config(place + 8, 4), Config(place + 12, 4)));

    private void Place()
    {
        _bench.Configure(Device, 0x14, 4, Table);
        _bench.Configure(Device, 0x20, 4, Registers);
        _bench.Configure(Device, 0x24, 4, 0);
        _bench.Configure(Device, 4, 2, 6);
    }

    /// <summary>As Linux's driver begins: messages, features, a queue with one writable buffer.</summary>
    private void Start(ushort queueVector, bool messages = true)
    {
        Place();
        if (messages)
        {
            _bench.Write(Table + 16, 8, 0x2ff0_0000);
            _bench.Write(Table + 24, 8, 101);
            _bench.Configure(Device, (int)Config(0x34, 1) + 2, 2, 0x8000);
        }

        _bench.Write(Common + 0x14, 1, 0);
        _bench.Write(Common + 0x14, 1, 3);
        _bench.Write(Common + 8, 4, 1);
        _bench.Write(Common + 0xc, 4, 1);
        _bench.Write(Common + 0x14, 1, 0xb);
        _bench.Read(Common + 0x14, 1).Should().Be(0xb);
        _bench.Write(Common + 0x16, 2, 0);
        _bench.Write(Common + 0x18, 2, QueueSize);
        _bench.Write(Common + 0x1a, 2, queueVector);
        _bench.Write(Common + 0x20, 8, Descriptors);
        _bench.Write(Common + 0x28, 8, Available);
        _bench.Write(Common + 0x30, 8, Used);
        Offer();
        _bench.Write(Common + 0x1c, 2, 1);
        _bench.Read(Common + 0x1c, 2).Should().Be(1);
        _bench.Write(Common + 0x14, 1, 0xf);
    }

    private void Offer()
    {
        var descriptor = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, Buffer);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor.AsSpan(8), 16);
        descriptor[12] = 2;
        _bench.Ram.Write(Descriptors, descriptor);
        _bench.Ram.Write(Available, [0, 0, 1, 0, 0, 0]);
    }

    private int UsedIndex()
    {
        var index = new byte[2];
        _bench.Ram.Read(Used + 2, index);
        return BinaryPrimitives.ReadUInt16LittleEndian(index);
    }

    private sealed class SilentNetwork : INetworkBackend
    {
        public void Send(ReadOnlySpan<byte> frame)
        {
        }

        public void Start(NetworkFrameHandler receive)
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class RecordingBell : IDriverBell
    {
        private readonly VirtioBell _bell = new();

        public List<(ulong Address, int Width)> Heard { get; } = [];

        public bool RungByDriver => true;

        public void Listen(ulong address, int width) => Heard.Add((address, width));

        public void Ignore(ulong address, int width) => Heard.Remove((address, width));

        public void Ring() => _bell.Ring();

        public void Wait() => _bell.Wait();

        public void Dispose() => _bell.Dispose();
    }
}
