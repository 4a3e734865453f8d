using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public class VirtioNetworkTests
{
    private static readonly byte[] _mac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

    private static void OfferReceive(TestDriver driver, int head, uint length = 2048)
    {
        driver.Chain(0, head, (TestDriver.Buffer(head), length, true));
        driver.Offer(0, head);
    }

    private static void Send(TestDriver driver, byte[] frame)
    {
        driver.Memory.Write(TestDriver.Buffer(14), new byte[12]);
        driver.Memory.Write(TestDriver.Buffer(15), frame);
        driver.Chain(1, 0, (TestDriver.Buffer(14), 12, false), (TestDriver.Buffer(15), (uint)frame.Length, false));
        driver.Offer(1, 0);
        driver.Take(1).Should().Be((0u, 0u));
    }

    [Fact]
    public void Configuration_has_address_link_and_mtu()
    {
        using var driver = new TestDriver(new VirtioNetwork(new Wire(), _mac, 9000));
        driver.Read(0x08).Should().Be(1);
        Enumerable.Range(0, 6).Select(i => (byte)driver.Transport.Read(0x100 + (ulong)i, 1)).Should().Equal(_mac);
        driver.Transport.Read(0x106, 2).Should().Be(1);
        driver.Transport.Read(0x108, 2).Should().Be(1);
        driver.Transport.Read(0x10a, 2).Should().Be(9000);
        driver.Write(0x14, 0);
        driver.Read(0x10).Should().Be(0x3001_0028);
    }

    [Fact]
    public void Packet_sent_leaves_without_its_header()
    {
        var wire = new Wire();
        using var driver = new TestDriver(new VirtioNetwork(wire, _mac));
        byte[] frame = [.. Enumerable.Range(0, 1514).Select(i => (byte)i)];
        Send(driver, frame);
        wire.Sent.Should().ContainSingle().Which.Should().Equal(frame);
    }

    [Fact]
    public void Packet_without_header_breaks_the_device()
    {
        using var driver = new TestDriver(new VirtioNetwork(new Wire(), _mac));
        driver.Chain(1, 0, (TestDriver.Buffer(0), 11, false));
        driver.Offer(1, 0);
        driver.WaitForBroken();
    }

    [Fact]
    public void Oversized_packet_is_dropped_and_its_buffer_returned()
    {
        var wire = new Wire();
        using var driver = new TestDriver(new VirtioNetwork(wire, _mac));
        driver.Chain(1, 0, (0x10000, 0x20000, false));
        driver.Offer(1, 0);
        driver.Take(1);
        wire.Sent.Should().BeEmpty();
    }

    [Fact]
    public void Frame_received_fills_a_buffer_behind_a_header()
    {
        var wire = new Wire();
        using var driver = new TestDriver(new VirtioNetwork(wire, _mac));
        OfferReceive(driver, 3);
        TestDriver.WaitFor(() => wire.Receive != null);
        wire.Receive!([1, 2, 3]);
        driver.Take(0).Should().Be((3u, 15u));
        driver.Bytes(TestDriver.Buffer(3), 15).Should().Equal(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 3);
    }

    [Fact]
    public void Frames_wait_for_buffers_and_too_many_are_dropped()
    {
        var wire = new Wire();
        using var driver = new TestDriver(new VirtioNetwork(wire, _mac));
        TestDriver.WaitFor(() => wire.Receive != null);
        for (int i = 0; i < VirtioNetwork.Backlog + 10; i++)
        {
            wire.Receive!([(byte)i, (byte)(i >> 8)]);
        }

        int got = 0;
        for (; got < VirtioNetwork.Backlog; got++)
        {
            OfferReceive(driver, 0);
            driver.Take(0);
            driver.Bytes(TestDriver.Buffer(0) + 12, 2).Should().Equal((byte)got, (byte)(got >> 8));
        }

        OfferReceive(driver, 0);
        Thread.Sleep(30);
        driver.UsedIndex(0).Should().Be((ushort)got);
    }

    [Fact]
    public void Frame_too_long_for_its_buffer_is_lost_but_not_the_buffer()
    {
        var wire = new Wire();
        using var driver = new TestDriver(new VirtioNetwork(wire, _mac));
        OfferReceive(driver, 0, 20);
        TestDriver.WaitFor(() => wire.Receive != null);
        wire.Receive!(new byte[100]);
        wire.Receive!([7, 8]);
        driver.Take(0).Should().Be((0u, 14u));
        driver.Bytes(TestDriver.Buffer(0) + 12, 2).Should().Equal(7, 8);
    }

    private sealed class Wire : INetworkBackend
    {
        public List<byte[]> Sent { get; } = [];

        public NetworkFrameHandler? Receive { get; private set; }

        public void Send(ReadOnlySpan<byte> frame) => Sent.Add(frame.ToArray());

        public void Start(NetworkFrameHandler receive) => Receive = receive;

        public void Dispose()
        {
        }
    }
}
