using System.Net;
using System.Net.Sockets;
using LaKvm.Backends;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public class NetworkBackendTests
{
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
}
