using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace LaKvm.Debugger;

/// <summary>
/// A debugger's connection: bytes to events, and packets to bytes. A debugger that does not read holds up the thread
/// that sends and nothing else, and has gone when too much waits for it.
/// </summary>
internal sealed class GdbConnection : IDisposable
{
    private const int MostUnsent = 256;

    private readonly Socket _socket;
    private readonly GdbSession _session;
    private readonly PacketParser _parser = new();
    private readonly BlockingCollection<byte[]> _unsent = new(MostUnsent);
    private byte[] _last = [];
    private volatile bool _acknowledges = true;

    internal GdbConnection(Socket socket)
    {
        _socket = socket;
        _session = new GdbSession(Send, () => _acknowledges = false);
    }

    /// <summary>The conversation.</summary>
    internal GdbSession Session => _session;

    /// <summary>Talks until the debugger goes or the process ends.</summary>
    internal void Run()
    {
        var reader = new Thread(Read) { IsBackground = true, Name = "gdb reader" };
        var writer = new Thread(Write) { IsBackground = true, Name = "gdb writer" };
        reader.Start();
        writer.Start();
        _session.Run();
        _unsent.CompleteAdding();
        writer.Join(TimeSpan.FromSeconds(1));
        Close();
        reader.Join();
        writer.Join();
    }

    /// <summary>Ends the connection.</summary>
    internal void Close() => Ignoring(() => _socket.Shutdown(SocketShutdown.Both));

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _session.Dispose();
        _unsent.Dispose();
    }

    /// <summary>Does something that fails if the other side has gone, which is not worth a word.</summary>
    private static void Ignoring(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It has gone.
        }
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        Ignoring(() =>
        {
            int count;
            while ((count = _socket.Receive(buffer)) > 0)
            {
                foreach (byte next in buffer.AsSpan(0, count))
                {
                    Take(_parser.Feed(next));
                }
            }
        });
        _session.Post(new(SessionEventKind.Gone));
    }

    private void Take(PacketEvent got)
    {
        switch (got)
        {
            case PacketEvent.Packet:
                Acknowledge("+"u8);
                _session.PostPacket(Encoding.Latin1.GetString(_parser.Packet));
                break;
            case PacketEvent.BadPacket:
                Acknowledge("-"u8);
                break;
            case PacketEvent.NotAcknowledged when _acknowledges:
                Transmit(Volatile.Read(ref _last));
                break;
            case PacketEvent.Interrupt:
                _session.Post(new(SessionEventKind.Interrupt));
                break;
        }
    }

    private void Acknowledge(ReadOnlySpan<byte> answer)
    {
        if (_acknowledges)
        {
            Transmit(answer.ToArray());
        }
    }

    private void Send(ReadOnlySpan<byte> data)
    {
        byte[] packet = PacketWriter.Write(data);
        Volatile.Write(ref _last, packet);
        Transmit(packet);
    }

    private void Transmit(byte[] bytes)
    {
        try
        {
            if (_unsent.TryAdd(bytes))
            {
                return;
            }
        }
        catch (InvalidOperationException)
        {
            // Nothing is sent any more.
        }

        _session.Post(new(SessionEventKind.Gone));
    }

    private void Write()
    {
        Ignoring(() =>
        {
            foreach (byte[] packet in _unsent.GetConsumingEnumerable())
            {
                for (ReadOnlySpan<byte> left = packet; !left.IsEmpty;)
                {
                    left = left[_socket.Send(left)..];
                }
            }
        });
        _session.Post(new(SessionEventKind.Gone));
    }
}
