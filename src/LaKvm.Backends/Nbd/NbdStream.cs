using System.Net.Sockets;

namespace LaKvm.Backends.Nbd;

/// <summary>Whole messages over a socket; a fault, an end or a long silence is an <see cref="IOException"/>.</summary>
internal readonly struct NbdStream(Socket socket)
{
    internal void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[socket.Send(bytes)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException($"the NBD server cannot be reached: {e.Message}", e);
        }
    }

    internal void Receive(Span<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                int count = socket.Receive(bytes);
                bytes = count > 0 ? bytes[count..] : throw new IOException("the NBD server has closed the connection");
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException($"the NBD server does not answer: {e.Message}", e);
        }
    }
}
