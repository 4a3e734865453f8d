using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public sealed class VirtioPortsTests : IDisposable
{
    private const int ControlReceive = 2, ControlTransmit = 3, PortReceive = 4, PortTransmit = 5;

    private readonly List<byte> _output = [];
    private readonly VirtioPort _port;
    private readonly TestDriver _driver;
    private int _buffers;

    public VirtioPortsTests()
    {
        _port = new VirtioPort("stdin", bytes => _output.AddRange(bytes));
        _driver = new TestDriver(new VirtioPorts([_port]), VirtioFeature.Version1 | 2);
        for (int i = 0; i < 4; i++)
        {
            OfferRoom(ControlReceive, i, 64);
        }
    }

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void Configuration_counts_the_ports_with_port_0() =>
        _driver.Transport.Read(0x100 + 4, 4).Should().Be(2);

    [Fact]
    public void Driver_is_told_of_ports_and_that_they_are_connected_before_it_hears_their_names()
    {
        Tell(0, 0, 1);
        Heard(0).Should().Equal(1, 0, 0, 0, 1, 0, 1, 0);
        Tell(1, 3, 1);
        Heard(1).Should().Equal(1, 0, 0, 0, 6, 0, 1, 0);
        Heard(2).Should().Equal([1, 0, 0, 0, 7, 0, 1, 0, .. "stdin"u8]);
    }

    [Fact]
    public void Input_waits_until_the_port_is_open_and_ends_behind_the_last_byte()
    {
        _port.Send("abc"u8);
        _port.End();
        OfferRoom(PortReceive, 4, 100);
        Tell(1, 3, 1);
        Heard(0);
        Heard(1);
        _driver.UsedIndex(PortReceive).Should().Be(0, "the driver would drop what comes before the port is open");

        Tell(1, 6, 1);

        _driver.Take(PortReceive).Should().Be((4u, 3u));
        _driver.Bytes(TestDriver.Buffer(4), 3).Should().Equal("abc"u8.ToArray());
        Heard(2).Should().Equal(1, 0, 0, 0, 6, 0, 0, 0);
    }

    [Fact]
    public void Output_goes_to_whoever_takes_it()
    {
        _driver.Memory.Write(TestDriver.Buffer(9), "text"u8);
        _driver.Chain(PortTransmit, 9, (TestDriver.Buffer(9), 4, false));
        _driver.Offer(PortTransmit, 9);
        _driver.Take(PortTransmit);

        _output.Should().Equal("text"u8.ToArray());
    }

    [Fact]
    public void Sender_waits_for_a_guest_that_does_not_read()
    {
        using var sent = new ManualResetEventSlim();
        var sender = new Thread(() =>
        {
            _port.Send(new byte[VirtioPort.InputLimit + 1]);
            sent.Set();
        }) { IsBackground = true };
        sender.Start();
        sent.Wait(100).Should().BeFalse();

        Tell(1, 6, 1);
        OfferRoom(PortReceive, 4, 100);

        sent.Wait(TimeSpan.FromSeconds(20)).Should().BeTrue();
    }

    [Fact]
    public void Driver_that_floods_the_control_queue_breaks_the_device()
    {
        for (int i = 0; i < 400 && (_driver.Status & 0x40) == 0; i++)
        {
            _driver.Memory.Write(TestDriver.Buffer(8), new byte[] { 1, 0, 0, 0, 3, 0, 1, 0 });
            _driver.Chain(ControlTransmit, 0, (TestDriver.Buffer(8), 8, false));
            _driver.Offer(ControlTransmit, 0);
            TestDriver.WaitFor(() => _driver.UsedIndex(ControlTransmit) == i + 1 || (_driver.Status & 0x40) != 0);
        }

        _driver.WaitForBroken();
    }

    [Theory]
    [InlineData(0u, 3)]
    [InlineData(2u, 3)]
    [InlineData(uint.MaxValue, 6)]
    [InlineData(1u, 99)]
    public void Message_about_nothing_is_ignored(uint port, ushort what)
    {
        Tell(port, what, 1);
        _driver.Status.Should().Be(0xf);
        _driver.UsedIndex(ControlReceive).Should().Be(0);
    }

    private void OfferRoom(int queue, int buffer, uint size)
    {
        _driver.Chain(queue, buffer, (TestDriver.Buffer(buffer), size, true));
        _driver.Offer(queue, buffer);
    }

    private void Tell(uint port, ushort what, ushort value)
    {
        byte[] message = [.. BitConverter.GetBytes(port), .. BitConverter.GetBytes(what),
            .. BitConverter.GetBytes(value)];
        int buffer = 10 + (_buffers++ % 4);
        _driver.Memory.Write(TestDriver.Buffer(buffer), message);
        _driver.Chain(ControlTransmit, buffer, (TestDriver.Buffer(buffer), (uint)message.Length, false));
        _driver.Offer(ControlTransmit, buffer);
        _driver.Take(ControlTransmit);
    }

    private byte[] Heard(int number)
    {
        (uint head, uint length) = _driver.Take(ControlReceive);
        head.Should().Be((uint)number);
        return _driver.Bytes(TestDriver.Buffer(number), (int)length);
    }
}
