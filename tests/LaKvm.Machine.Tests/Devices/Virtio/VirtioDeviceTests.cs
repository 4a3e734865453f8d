using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LaKvm.Machine.Tests;

public class VirtioEntropyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public void Buffer_is_filled(int length)
    {
        using var driver = new TestDriver(new VirtioEntropy(bytes => bytes.Fill(0x5a)));
        driver.Chain(0, 0, (TestDriver.Buffer(0), (uint)length, true));
        driver.Offer(0, 0);
        driver.Take(0).Should().Be((0u, (uint)length));
        driver.Bytes(TestDriver.Buffer(0), length).Should().AllBeEquivalentTo((byte)0x5a);
    }

    [Fact]
    public void Default_source_is_not_constant()
    {
        using var driver = new TestDriver(new VirtioEntropy());
        driver.Chain(0, 0, (TestDriver.Buffer(0), 64, true));
        driver.Offer(0, 0);
        driver.Take(0);
        driver.Bytes(TestDriver.Buffer(0), 64).Distinct().Count().Should().BeGreaterThan(8);
    }

    [Fact]
    public void Huge_request_gets_a_bounded_answer()
    {
        using var driver = new TestDriver(new VirtioEntropy());
        driver.Chain(0, 0, (0x10000, 0xf0000, true));
        driver.Offer(0, 0);
        driver.Take(0).Length.Should().Be(VirtioEntropy.LongestAnswer);
    }
}

public class VirtioConsoleTests
{
    [Fact]
    public void Output_goes_to_the_backend()
    {
        var serial = new RecordingSerial();
        using var driver = new TestDriver(new VirtioConsole(serial));
        driver.Memory.Write(TestDriver.Buffer(0), "hello"u8);
        driver.Chain(1, 0, (TestDriver.Buffer(0), 2, false), (TestDriver.Buffer(0) + 2, 3, false));
        driver.Offer(1, 0);
        driver.Take(1).Should().Be((0u, 0u));
        serial.Sent.Should().Equal("hello"u8.ToArray());
    }

    [Fact]
    public void Input_waits_for_a_buffer_and_fills_as_many_as_needed()
    {
        var console = new VirtioConsole(new RecordingSerial());
        using var driver = new TestDriver(console);
        console.Receive("abcdef"u8).Should().BeTrue();
        for (int i = 0; i < 2; i++)
        {
            driver.Chain(0, i, (TestDriver.Buffer(i), 4, true));
            driver.Offer(0, i);
        }

        driver.Take(0).Should().Be((0u, 4u));
        driver.Take(0).Should().Be((1u, 2u));
        driver.Bytes(TestDriver.Buffer(0), 4).Should().Equal("abcd"u8.ToArray());
        driver.Bytes(TestDriver.Buffer(1), 2).Should().Equal("ef"u8.ToArray());
        console.Receive(new byte[VirtioConsole.InputLimit + 1]).Should().BeFalse();
    }
}

public sealed class VirtioBlockTests : IDisposable
{
    private const uint In = 0, Out = 1, Flush = 4, GetId = 8, Discard = 11, WriteZeroes = 13;
    private const int Sectors = 300;
    private readonly string _path = Path.GetTempFileName();
    private readonly byte[] _image = new byte[Sectors * 512];

    public VirtioBlockTests()
    {
        new Random(7).NextBytes(_image);
        File.WriteAllBytes(_path, _image);
    }

    public void Dispose() => File.Delete(_path);

    private TestDriver Driver(bool readOnly = false, ulong features = VirtioFeature.Version1) =>
        new(new VirtioBlock(new RawFileBackend(_path, readOnly), "serial-0123456789abcdef"), features);

    /// <summary>A request with its data in one buffer: header in buffer 0, data from buffer 1, status at the end of buffer 0.</summary>
    private static (byte Status, uint Used) Request(TestDriver driver, uint type, ulong sector, byte[]? output, uint input)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        driver.Memory.Write(TestDriver.Buffer(0), header);
        ulong status = TestDriver.Buffer(0) + 0x800;
        driver.Memory.Write(status, [0xee]);
        var buffers = new List<(ulong, uint, bool)> { (TestDriver.Buffer(0), 16, false) };
        if (output is { Length: > 0 })
        {
            driver.Memory.Write(TestDriver.Buffer(1), output);
            buffers.Add((TestDriver.Buffer(1), (uint)output.Length, false));
        }

        if (input != 0)
        {
            buffers.Add((TestDriver.Buffer(1), input, true));
        }

        buffers.Add((status, 1, true));
        driver.Chain(0, 0, [.. buffers]);
        driver.Offer(0, 0);
        (uint _, uint used) = driver.Take(0);
        return (driver.Bytes(status, 1)[0], used);
    }

    [Fact]
    public void Configuration_describes_the_disk()
    {
        using TestDriver driver = Driver();
        driver.Read(0x08).Should().Be(2);
        driver.Transport.Read(0x100, 4).Should().Be(Sectors);
        driver.Transport.Read(0x104, 4).Should().Be(0);
        driver.Transport.Read(0x10c, 4).Should().Be(254, "segments fit the queue with header and status");
        driver.Transport.Read(0x114, 4).Should().Be(512);
        driver.Transport.Read(0x130, 4).Should().Be(VirtioBlock.LongestZeroes);
        driver.Transport.Read(0x134, 4).Should().Be(1);
        driver.Transport.Read(0x100, 1).Should().Be(Sectors & 0xff);
        driver.Transport.Read(0x101, 1).Should().Be(Sectors >> 8);
        driver.Transport.Read(0x13c, 4).Should().Be(0);
    }

    [Theory]
    [InlineData(false, 0x3000_4244)]
    [InlineData(true, 0x3000_0264)]
    public void Features_follow_the_backend(bool readOnly, uint features)
    {
        using TestDriver driver = Driver(readOnly);
        driver.Write(0x14, 0);
        driver.Read(0x10).Should().Be(features);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(7, 3)]
    [InlineData(Sectors - 1, 1)]
    [InlineData(0, Sectors)]
    public void Read_returns_the_images_sectors(int sector, int count)
    {
        using TestDriver driver = Driver();
        Request(driver, In, (ulong)sector, null, (uint)count * 512).Should().Be(((byte)0, (uint)(count * 512) + 1));
        driver.Bytes(TestDriver.Buffer(1), count * 512).Should().Equal(_image.AsSpan(sector * 512, count * 512).ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 200)]
    [InlineData(Sectors - 1, 1)]
    public void Write_changes_the_image_there_and_only_there(int sector, int count)
    {
        byte[] data = new byte[count * 512];
        new Random(8).NextBytes(data);
        using (TestDriver driver = Driver())
        {
            Request(driver, Out, (ulong)sector, data, 0).Should().Be(((byte)0, 1u));
            Request(driver, Flush, 0, null, 0).Should().Be(((byte)0, 1u));
        }

        data.CopyTo(_image, sector * 512);
        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Theory]
    [InlineData(In, Sectors, 512)]
    [InlineData(In, Sectors - 1, 1024)]
    [InlineData(In, 0, 100)]
    [InlineData(In, ulong.MaxValue, 512)]
    [InlineData(In, 0x0080_0000_0000_0000, 512)]
    [InlineData(Out, Sectors, 512)]
    [InlineData(Out, 0, 511)]
    [InlineData(Out, ulong.MaxValue, 512)]
    public void Request_off_the_disk_or_not_whole_sectors_fails_and_changes_nothing(uint type, ulong sector, int length)
    {
        using (TestDriver driver = Driver())
        {
            Request(driver, type, sector, type == Out ? new byte[length] : null, type == In ? (uint)length : 0)
                .Should().Be(((byte)1, 1u));
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Fact]
    public void Read_only_disk_refuses_to_be_written()
    {
        using (TestDriver driver = Driver(readOnly: true))
        {
            Request(driver, Out, 0, new byte[512], 0).Status.Should().Be(1);
            Request(driver, WriteZeroes, 0, new byte[16], 0).Status.Should().Be(2);
            Request(driver, Flush, 0, null, 0).Status.Should().Be(0);
            Request(driver, In, 0, null, 512).Status.Should().Be(0);
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Fact]
    public void Id_is_the_serial_number_cut_to_20_characters()
    {
        using TestDriver driver = Driver();
        Request(driver, GetId, 0, null, 20).Should().Be(((byte)0, 21u));
        Encoding.ASCII.GetString(driver.Bytes(TestDriver.Buffer(1), 20)).Should().Be("serial-0123456789abc");
        Request(driver, GetId, 0, null, 4).Should().Be(((byte)0, 5u));
    }

    [Theory]
    [InlineData(10, 20, 0, 0)]
    [InlineData(10, 200, 1, 0)]
    [InlineData(10, 20, 2, 2)]
    [InlineData(Sectors - 5, 6, 0, 1)]
    [InlineData(0, 0x2000_0000, 0, 1)]
    public void Write_zeroes_clears_its_range(int sector, uint count, uint flags, byte status)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, (ulong)sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), count);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        using (TestDriver driver = Driver())
        {
            Request(driver, WriteZeroes, 0, range, 0).Should().Be((status, 1u));
        }

        if (status == 0)
        {
            _image.AsSpan(sector * 512, (int)count * 512).Clear();
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Theory]
    [InlineData(Discard)]
    [InlineData(2)]
    [InlineData(0xffff_ffff)]
    public void Unknown_requests_are_unsupported(uint type)
    {
        using TestDriver driver = Driver();
        Request(driver, type, 0, new byte[16], 0).Should().Be(((byte)2, 1u));
    }

    [Fact]
    public void Buffers_may_be_cut_anywhere()
    {
        using TestDriver driver = Driver();
        driver.Memory.Write(TestDriver.Buffer(0), [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        driver.Chain(0, 0,
            (TestDriver.Buffer(0), 3, false), (TestDriver.Buffer(0) + 3, 13, false),
            (TestDriver.Buffer(1), 100, true), (TestDriver.Buffer(2), 412, true), (TestDriver.Buffer(3), 1, true));
        driver.Offer(0, 0);
        driver.Take(0).Length.Should().Be(513);
        driver.Bytes(TestDriver.Buffer(1), 100).Should().Equal(_image.AsSpan(3 * 512, 100).ToArray());
        driver.Bytes(TestDriver.Buffer(2), 412).Should().Equal(_image.AsSpan((3 * 512) + 100, 412).ToArray());
        driver.Bytes(TestDriver.Buffer(3), 1).Should().Equal(0);
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(16, false)]
    public void Request_without_header_or_status_breaks_the_device(uint header, bool status)
    {
        using TestDriver driver = Driver();
        var buffers = new List<(ulong, uint, bool)> { (TestDriver.Buffer(0), header, false) };
        if (status)
        {
            buffers.Add((TestDriver.Buffer(1), 1, true));
        }

        driver.Chain(0, 0, [.. buffers]);
        driver.Offer(0, 0);
        driver.WaitForBroken();
    }

    [Fact]
    public void Fault_of_the_host_is_an_error_status_and_a_log_line()
    {
        using var driver = new TestDriver(new VirtioBlock(new FaultyBackend()));
        Request(driver, In, 0, null, 512).Status.Should().Be(1);
        Request(driver, Flush, 0, null, 0).Status.Should().Be(1);
        driver.Errors.Should().HaveCount(2).And.OnlyContain(line => line.Contains("disk on fire"));
    }

    [Fact]
    public void Many_requests_are_served_in_order()
    {
        using TestDriver driver = Driver(features: VirtioFeature.Transport);
        for (int i = 0; i < 200; i++)
        {
            Request(driver, In, (ulong)(i % Sectors), null, 512).Should().Be(((byte)0, 513u));
            driver.Bytes(TestDriver.Buffer(1), 8).Should().Equal(_image.AsSpan(i % Sectors * 512, 8).ToArray());
        }
    }

    [Fact]
    public void Overlay_takes_the_writes_and_leaves_the_image()
    {
        byte[] data = new byte[700];
        new Random(9).NextBytes(data);
        string directory = Directory.CreateTempSubdirectory().FullName;
        using (var overlay = new OverlayBackend(new RawFileBackend(_path, readOnly: true), directory))
        {
            overlay.ReadOnly.Should().BeFalse();
            overlay.Length.Should().Be(Sectors * 512);
            overlay.Write(OverlayBackend.ClusterSize - 300, data);
            overlay.Write((Sectors * 512) - 10, data.AsSpan(0, 10));
            byte[] expected = (byte[])_image.Clone();
            data.CopyTo(expected, OverlayBackend.ClusterSize - 300);
            data.AsSpan(0, 10).CopyTo(expected.AsSpan((Sectors * 512) - 10));
            byte[] all = new byte[Sectors * 512];
            overlay.Read(0, all);
            all.Should().Equal(expected);
            byte[] part = new byte[1000];
            overlay.Read(OverlayBackend.ClusterSize - 500, part);
            part.Should().Equal(expected.AsSpan(OverlayBackend.ClusterSize - 500, 1000).ToArray());
            overlay.Flush();
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
        Directory.GetFiles(directory).Should().BeEmpty();
        Directory.Delete(directory);
    }

    [Fact]
    public void Image_with_a_broken_tail_reads_zeros_there()
    {
        File.WriteAllBytes(_path, _image.AsSpan(0, 1000).ToArray());
        using var backend = new RawFileBackend(_path, readOnly: true);
        backend.Length.Should().Be(1024);
        byte[] bytes = new byte[1024];
        bytes.AsSpan().Fill(0xff);
        backend.Read(0, bytes);
        bytes.AsSpan(0, 1000).SequenceEqual(_image.AsSpan(0, 1000)).Should().BeTrue();
        bytes.AsSpan(1000).ToArray().Should().AllBeEquivalentTo((byte)0);
    }

    private sealed class FaultyBackend : IBlockBackend
    {
        public ulong Length => 1 << 20;

        public bool ReadOnly => false;

        public void Read(ulong offset, Span<byte> destination) => throw new IOException("disk on fire");

        public void Write(ulong offset, ReadOnlySpan<byte> source) => throw new IOException("disk on fire");

        public void Flush() => throw new IOException("disk on fire");

        public void Dispose()
        {
        }
    }
}

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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagram_networks_exchange_frames(bool unix)
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        EndPoint left = unix ? new UnixDomainSocketEndPoint(Path.Combine(directory, "a")) : Free();
        EndPoint right = unix ? new UnixDomainSocketEndPoint(Path.Combine(directory, "b")) : Free();
        using (var a = new DatagramNetwork(left, right))
        {
            using var b = new DatagramNetwork(right, left);
            Exchange(a, b);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Datagram_network_survives_an_absent_peer()
    {
        EndPoint left = Free();
        EndPoint right = Free();
        using var a = new DatagramNetwork(left, right);
        var frames = new List<byte[]>();
        a.Start(frame => frames.Add(frame.ToArray()));
        a.Send([1]);
        a.Send([2]);
        using var b = new DatagramNetwork(right, left);
        TestDriver.WaitFor(() =>
        {
            b.Send([3]);
            return frames.Count != 0;
        });
        frames[0].Should().Equal(3);
    }

    [Fact]
    public void Stream_networks_exchange_frames()
    {
        (Socket left, Socket right) = Connected();
        using var a = new StreamNetwork(left);
        using var b = new StreamNetwork(right);
        Exchange(a, b);
    }

    [Fact]
    public void Stream_frames_carry_their_length_in_network_order()
    {
        (Socket left, Socket right) = Connected();
        using var a = new StreamNetwork(left);
        a.Send([0xaa, 0xbb, 0xcc]);
        byte[] bytes = new byte[7];
        for (int got = 0; got < 7;)
        {
            got += right.Receive(bytes, got, 7 - got, SocketFlags.None);
        }

        bytes.Should().Equal(0, 0, 0, 3, 0xaa, 0xbb, 0xcc);
        var frames = new List<byte[]>();
        a.Start(frame => frames.Add(frame.ToArray()));
        right.Send([0, 0]);
        right.Send([0, 2, 0x11]);
        right.Send([0x22, 0, 0, 0, 1, 0x33]);
        TestDriver.WaitFor(() => frames.Count == 2);
        frames[0].Should().Equal(0x11, 0x22);
        frames[1].Should().Equal(0x33);
        right.Dispose();
    }

    [Fact]
    public void Stream_with_an_impossible_length_is_closed()
    {
        (Socket left, Socket right) = Connected();
        using var a = new StreamNetwork(left);
        a.Start(_ => { });
        right.Send([0x7f, 0xff, 0xff, 0xff]);
        right.ReceiveTimeout = 10_000;
        right.Receive(new byte[1]).Should().Be(0);
        a.Send([1]);
        right.Dispose();
    }

    private static void Exchange(INetworkBackend a, INetworkBackend b)
    {
        var frames = new List<byte[]>();
        a.Start(frame => frames.Add([.. frame, (byte)'a']));
        b.Start(frame => frames.Add([.. frame, (byte)'b']));
        byte[] big = new byte[1514];
        new Random(10).NextBytes(big);
        a.Send(big);
        TestDriver.WaitFor(() => frames.Count == 1);
        b.Send([1, 2, 3]);
        TestDriver.WaitFor(() => frames.Count == 2);
        frames[0].Should().Equal([.. big, (byte)'b']);
        frames[1].Should().Equal(1, 2, 3, (byte)'a');
    }

    private static IPEndPoint Free()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }

    private static (Socket Left, Socket Right) Connected()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var left = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        left.Connect(listener.LocalEndPoint!);
        return (left, listener.Accept());
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
