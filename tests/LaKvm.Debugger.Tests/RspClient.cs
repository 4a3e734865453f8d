using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LaKvm.Debugger.Tests;

/// <summary>A debugger's side of the protocol, as gdb 18 begins it.</summary>
internal sealed class RspClient : IDisposable
{
    private const int Patience = 30_000;

    private readonly Socket _socket;
    private bool _acknowledges = true;

    internal RspClient(EndPoint server)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _socket.ReceiveTimeout = Patience;
        _socket.Connect(server);
    }

    /// <summary>Greets as gdb does, and returns the stop that it is told of.</summary>
    internal string Begin(string features = "multiprocess+;swbreak+;hwbreak+")
    {
        Ask($"qSupported:{features}").Should().Contain("QStartNoAckMode+");
        Ask("QStartNoAckMode").Should().Be("OK");
        _acknowledges = false;
        Ask("!").Should().Be("OK");
        Ask("Hgp0.0").Should().Be("OK");
        return Ask("?");
    }

    /// <summary>Sends a packet and returns the answer.</summary>
    internal string Ask(string packet)
    {
        Send(packet);
        return Receive();
    }

    internal void Send(string packet)
    {
        byte[] data = Encoding.Latin1.GetBytes(packet);
        SendRaw($"${packet}#{(byte)data.Sum(value => value):x2}");
        if (_acknowledges)
        {
            ReadByte().Should().Be((byte)'+');
        }
    }

    internal void SendRaw(string bytes) => _socket.Send(Encoding.Latin1.GetBytes(bytes));

    /// <summary>The next packet; escapes are resolved.</summary>
    internal string Receive()
    {
        while (ReadByte() is var skipped && skipped != '$')
        {
            skipped.Should().Be((byte)'+', "nothing else is between packets");
        }

        var text = new StringBuilder();
        byte sum = 0;
        for (byte next = ReadByte(); next != '#'; next = ReadByte())
        {
            sum += next;
            if (next == '}')
            {
                next = ReadByte();
                sum += next;
                next ^= 0x20;
            }

            text.Append((char)next);
        }

        $"{(char)ReadByte()}{(char)ReadByte()}".Should().Be($"{sum:x2}");
        if (_acknowledges)
        {
            SendRaw("+");
        }

        return text.ToString();
    }

    internal ulong ReadRegister(int number) =>
        BinaryPrimitives.ReverseEndianness(Convert.ToUInt64(Ask($"p{number:x}"), 16));

    internal string Document(string name)
    {
        var text = new StringBuilder();
        while (true)
        {
            string part = Ask($"qXfer:{name}:{text.Length:x},7f0");
            text.Append(part.AsSpan(1));
            if (part[0] == 'l')
            {
                return text.ToString();
            }
        }
    }

    internal string Monitor(string command)
    {
        string answer = Ask($"qRcmd,{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(command))}");
        return answer == "OK" ? "" : Encoding.UTF8.GetString(Convert.FromHexString(answer));
    }

    /// <summary>Whether the other side has ended the connection.</summary>
    internal bool IsClosed()
    {
        try
        {
            return _socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public void Dispose() => _socket.Dispose();

    private byte ReadByte()
    {
        byte[] next = new byte[1];
        _socket.Receive(next).Should().Be(1, "the connection should not end");
        return next[0];
    }
}
