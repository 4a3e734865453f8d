using System.Collections.Concurrent;
using System.Net.Sockets;

namespace LaKvm.Control;

/// <summary>
/// A client's connection. What is sent to it waits in a queue that a thread of its own empties: a client that does not
/// read holds up nobody, and has gone when too much waits for it.
/// </summary>
internal sealed class DoorClient : IDisposable
{
    private const int MostUnsent = 1024;

    private readonly Socket _socket;
    private readonly BlockingCollection<ReadOnlyMemory<byte>> _unsent = new(MostUnsent);
    private readonly Thread _writer;

    internal DoorClient(Socket socket)
    {
        _socket = socket;
        _writer = new Thread(Write) { IsBackground = true, Name = "writer" };
        _writer.Start();
    }

    /// <summary>Sends some bytes behind all others. Any thread; never waits.</summary>
    internal void Send(ReadOnlyMemory<byte> bytes)
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
            return; // nothing is sent any more
        }

        Close();
    }

    /// <summary>Waits for bytes of the client's; 0 when it has gone.</summary>
    internal int Receive(byte[] buffer)
    {
        try
        {
            return _socket.Receive(buffer);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Ends the connection when all is sent, or after a while.</summary>
    internal void Finish(TimeSpan patience)
    {
        try
        {
            _unsent.CompleteAdding();
        }
        catch (ObjectDisposedException)
        {
            return; // it has gone by itself
        }

        _writer.Join(patience > TimeSpan.Zero ? patience : TimeSpan.Zero);
        Close();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish(TimeSpan.Zero);
        _writer.Join();
        _socket.Dispose();
        _unsent.Dispose();
    }

    private void Close()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has gone.
        }
    }

    private void Write()
    {
        try
        {
            foreach (ReadOnlyMemory<byte> bytes in _unsent.GetConsumingEnumerable())
            {
                for (ReadOnlyMemory<byte> left = bytes; !left.IsEmpty;)
                {
                    left = left[_socket.Send(left.Span)..];
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Close();
        }
    }
}
