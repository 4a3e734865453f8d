using System.Buffers.Binary;
using System.Net.Sockets;

namespace LaKvm.Machine.Tests;

/// <summary>A disk in memory behind NBD's protocol, for one connection; says what it was asked for.</summary>
internal sealed class NbdServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"lakvm-{Guid.NewGuid():n}");
    private readonly Task _work;

    /// <summary>Serves.</summary>
    /// <param name="size">Bytes of the disk.</param>
    /// <param name="flags">Transmission flags.</param>
    /// <param name="answer">What to send in the place of the nth message, or null for the right one.</param>
    public NbdServer(int size, ushort flags, Func<int, byte[], byte[]>? answer = null)
    {
        Disk = new byte[size];
        Flags = flags;
        Spoil = answer;
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        _work = Task.Run(Serve);
    }

    public byte[] Disk { get; }

    public ushort Flags { get; }

    public List<(ushort Command, ushort Flags, ulong Offset, uint Length)> Requests { get; } = [];

    public uint Error { get; set; }

    private Func<int, byte[], byte[]>? Spoil { get; }

    public Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(_path));
        return socket;
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_path);
    }

    private void Serve()
    {
        try
        {
            using Socket client = _listener.Accept();
            int message = 0;
            Handshake(client, ref message);
            while (Answer(client, ref message))
            {
            }
        }
        catch (SocketException)
        {
            // The client, or the test, has gone.
        }
    }

    private void Handshake(Socket client, ref int message)
    {
        Send(client, [.. "NBDMAGICIHAVEOPT"u8, 0, 3], ref message);
        Receive(client, 4);
        byte[] option = Receive(client, 16);
        Receive(client, BinaryPrimitives.ReadInt32BigEndian(option.AsSpan(12)));
        byte[] information = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(information.AsSpan(2), Disk.Length);
        BinaryPrimitives.WriteUInt16BigEndian(information.AsSpan(10), Flags);
        Send(client, [.. Reply(3, information), .. Reply(1, [])], ref message);
    }

    private static byte[] Reply(uint type, byte[] data)
    {
        byte[] reply = new byte[20 + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(reply, 0x0003_e889_0455_65a9);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(8), 7);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(12), type);
        BinaryPrimitives.WriteInt32BigEndian(reply.AsSpan(16), data.Length);
        data.CopyTo(reply, 20);
        return reply;
    }

    private bool Answer(Socket client, ref int message)
    {
        byte[] request = Receive(client, 28);
        ushort command = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(6));
        ulong offset = BinaryPrimitives.ReadUInt64BigEndian(request.AsSpan(16));
        uint length = BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(24));
        Requests.Add((command, BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(4)), offset, length));
        byte[] data = command == 1 ? Receive(client, (int)length) : [];
        data.CopyTo(Disk, (int)offset);
        byte[] reply = new byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(reply, 0x6744_6698);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(4), Error);
        request.AsSpan(8, 8).CopyTo(reply.AsSpan(8));
        byte[] content = command == 0 && Error == 0 ? Disk[(int)offset..(int)(offset + length)] : [];
        Send(client, [.. reply, .. content], ref message);
        return command != 2;
    }

    private void Send(Socket client, byte[] bytes, ref int message)
    {
        byte[] sent = Spoil?.Invoke(message++, bytes) ?? bytes;
        client.Send(sent);
        if (sent != bytes)
        {
            client.Shutdown(SocketShutdown.Send); // nobody is to wait for what it lacks
        }
    }

    private static byte[] Receive(Socket client, int count)
    {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            int more = client.Receive(bytes, done, count - done, SocketFlags.None);
            done += more > 0 ? more : throw new SocketException((int)SocketError.ConnectionReset);
        }

        return bytes;
    }
}
