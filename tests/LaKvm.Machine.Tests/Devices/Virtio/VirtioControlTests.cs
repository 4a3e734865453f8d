using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

/// <summary>What drivers can do beyond the mmio transport: vectors, and a configuration that changes.</summary>
public sealed class VirtioControlTests : IDisposable
{
    private readonly LaKvm.Memory.PhysicalMemory _ram = new();
    private readonly RecordingInterrupt _interrupt = new();
    private readonly VirtioConsole _console;
    private readonly RecordingSerial _serial = new();
    private readonly VirtioControl _control;

    public VirtioControlTests()
    {
        _ram.Add(0, 0x10000);
        _console = new VirtioConsole(_serial);
        _control = new VirtioControl(
            _console, new PhysicalGuestMemory(_ram), _interrupt, new GuestErrorLog(null));
    }

    public void Dispose()
    {
        _control.Dispose();
        _ram.Dispose();
    }

    [Fact]
    public void Configuration_change_moves_the_generation_and_reaches_the_vector_of_a_started_driver()
    {
        Start();
        _control.ConfigurationVector = 7;
        uint before = _control.Generation;
        _console.Resize(132, 43);
        _control.Generation.Should().Be(before + 1);
        _control.ReadConfiguration(0, 4).Should().Be((43 << 16) | 132);
        _control.Causes.Should().Be(VirtioCauses.ConfigurationChange);
        _interrupt.Raised.Should().Equal([7]);
    }

    [Fact]
    public void Configuration_change_before_the_driver_has_started_interrupts_nobody()
    {
        _console.Resize(80, 25);
        _control.ReadConfiguration(0, 2).Should().Be(80);
        _control.Causes.Should().Be(VirtioCauses.None);
        _interrupt.Raised.Should().BeEmpty();
    }

    [Fact]
    public void Change_before_the_device_is_attached_is_kept()
    {
        var console = new VirtioConsole(new RecordingSerial());
        console.Resize(100, 50);
        using var driver = new TestDriver(console);
        driver.Read(0x100).Should().Be((50 << 16) | 100);
        driver.Read(0xfc).Should().Be(0);
        console.Resize(101, 50);
        driver.Read(0xfc).Should().Be(1);
        driver.Line.Level.Should().BeTrue();
        driver.Read(0x60).Should().Be(2);
    }

    [Fact]
    public void Every_queue_interrupts_with_its_own_vector()
    {
        SetUpQueues();
        _control.Queue(0)!.Vector = 3;
        _control.Queue(1)!.Vector = 5;
        Start();
        Offer(1);
        _control.Notify(1);
        TestDriver.WaitFor(() => _interrupt.Raised.Count == 1);
        _console.Receive("x"u8);
        Offer(0);
        _control.Notify(0);
        TestDriver.WaitFor(() => _interrupt.Raised.Count == 2);
        _interrupt.Raised.Should().Equal([5, 3]);
        _control.Causes.Should().Be(VirtioCauses.UsedBuffer);
    }

    [Fact]
    public void Wire_is_released_when_the_last_cause_is_acknowledged()
    {
        Start();
        _console.Resize(1, 1);
        _control.Acknowledge(VirtioCauses.UsedBuffer);
        _interrupt.Releases.Should().Be(0);
        _control.Acknowledge(VirtioCauses.ConfigurationChange);
        _interrupt.Releases.Should().Be(1);
        _control.Causes.Should().Be(VirtioCauses.None);
    }

    [Fact]
    public void Reset_takes_vectors_and_causes_back()
    {
        SetUpQueues();
        Start();
        _control.Queue(0)!.Vector = 3;
        _control.ConfigurationVector = 4;
        _console.Resize(1, 1);
        _control.SetStatus(0);
        _control.Queue(0)!.Vector.Should().Be(VirtioControl.NoVector);
        _control.Queue(0)!.Ready.Should().BeFalse();
        _control.Queue(0)!.Size.Should().Be(64);
        _control.ConfigurationVector.Should().Be(VirtioControl.NoVector);
        _control.Causes.Should().Be(VirtioCauses.None);
        _interrupt.Releases.Should().Be(1);
    }

    [Fact]
    public void Wire_rises_for_each_new_cause_and_not_again_for_one_that_waits()
    {
        var line = new RecordingLine();
        var wire = new VirtioWire(line);
        wire.Raise(VirtioControl.NoVector, isNewCause: true);
        wire.Raise(VirtioControl.NoVector, isNewCause: false);
        line.Rises.Should().Be(1);
        wire.Raise(VirtioControl.NoVector, isNewCause: true);
        line.Rises.Should().Be(2, "a controller that looks at edges must see the second cause");
        line.Level.Should().BeTrue();
        wire.Release();
        line.Level.Should().BeFalse();
    }

    [Fact]
    public void Bell_that_the_driver_rings_stands_for_every_queue()
    {
        var bell = new OutsideBell();
        using (var driver = new TestDriver(new VirtioConsole(_serial), bell: bell))
        {
            driver.Memory.Write(TestDriver.Buffer(0), "hi"u8);
            driver.Chain(1, 0, (TestDriver.Buffer(0), 2, false));
            driver.Offer(1, 0, notify: false);
            bell.Ring();
            driver.Take(1);
            _serial.Sent.Should().Equal("hi"u8.ToArray());
        }

        bell.Disposed.Should().BeTrue();
    }

    [Fact]
    public void Configuration_is_written_where_the_device_takes_it_and_inside_only()
    {
        _control.WriteConfiguration(8, 4, 'A');
        _control.WriteConfiguration(8, 8, 'B');
        _control.WriteConfiguration(12, 1, 'C');
        _control.WriteConfiguration(ulong.MaxValue, 4, 'D');
        _control.WriteConfiguration(0, 4, 'E');
        _serial.Sent.Should().Equal((byte)'A');
        _control.ReadConfiguration(0, 8).Should().Be(0);
    }

    [Fact]
    public void Change_is_never_seen_half_done()
    {
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            for (ushort i = 0; !stop.IsCancellationRequested; i++)
            {
                _console.Resize(i, i);
            }
        });
        writer.Start();
        for (int i = 0; i < 10_000; i++)
        {
            var size = (uint)_control.ReadConfiguration(0, 4);
            (size >> 16).Should().Be(size & 0xffff);
        }

        stop.Cancel();
        writer.Join();
    }

    private static ulong Area(uint queue) => 0x1000 + (queue * 0x2000UL);

    private void Start()
    {
        _control.SetDriverFeatureWord(1, (uint)(VirtioFeature.Version1 >> 32));
        _control.SetStatus(0xb);
        _control.SetStatus(0xf);
        _control.Status.Should().Be(0xf);
    }

    private void SetUpQueues()
    {
        for (uint index = 0; index < _control.QueueCount; index++)
        {
            VirtioQueueRegisters queue = _control.Queue(index)!;
            _control.SetAddressHalf(queue, VirtioQueueArea.Descriptors, 0, (uint)Area(index));
            _control.SetAddressHalf(queue, VirtioQueueArea.Driver, 0, (uint)Area(index) + 0x800);
            _control.SetAddressHalf(queue, VirtioQueueArea.Device, 0, (uint)Area(index) + 0x1000);
            _control.SetReady(queue, true);
        }
    }

    /// <summary>Makes one buffer available: 16 bytes at address 0, writable in the receive queue.</summary>
    private void Offer(uint queue)
    {
        Span<byte> ram = _ram.Span(Area(queue), 0x1000);
        BitConverter.TryWriteBytes(ram[8..], 16);
        BitConverter.TryWriteBytes(ram[12..], (ushort)(queue == 0 ? 2 : 0));
        BitConverter.TryWriteBytes(ram[0x802..], (ushort)1);
    }

    private sealed class OutsideBell : IVirtioBell
    {
        private readonly SemaphoreSlim _rings = new(0);

        public bool RungByDriver => true;

        public bool Disposed { get; private set; }

        public void Ring() => _rings.Release();

        public void Wait() => _rings.Wait();

        public void Dispose() => Disposed = true;
    }

    private sealed class RecordingInterrupt : IVirtioInterrupt
    {
        public List<ushort> Raised { get; } = [];

        public int Releases { get; private set; }

        public void Raise(ushort vector, bool isNewCause) => Raised.Add(vector);

        public void Release() => Releases++;
    }
}
