using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using LaKvm.Devices;

namespace LaKvm.Backends;

/// <summary>
/// A network that carries a frame per datagram, over UDP or Unix sockets: the format of QEMU's "-netdev socket,udp="
/// and "-netdev dgram".
/// </summary>
public sealed class DatagramNetwork : INetworkBackend
{
    private readonly Socket _socket;
    private readonly EndPoint _remote;

    /// <summary>Binds the near end.</summary>
    /// <param name="local">Where frames come in.</param>
    /// <param name="remote">Where frames go.</param>
    /// <exception cref="SocketException">The near end cannot be bound.</exception>
    public DatagramNetwork(EndPoint local, EndPoint remote)
    {
        _socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Unspecified);
        _remote = remote;
        try
        {
            _socket.Bind(local);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            _socket.SendTo(frame, SocketFlags.None, _remote);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Nobody listens, or the buffers are full: a cable loses the frame too.
        }
    }

    /// <inheritdoc/>
    public void Start(NetworkFrameHandler receive) => NetworkThread.Start("datagram network", () =>
    {
        byte[] frame = new byte[VirtioNetwork.LongestFrame];
        while (true)
        {
            try
            {
                receive(frame.AsSpan(0, _socket.Receive(frame)));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // The answer to an earlier datagram: the other end is not there yet.
            }
        }
    });

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}

/// <summary>
/// A network over a connected stream, TCP or Unix: a 32-bit big-endian length before every frame, the format of QEMU's
/// "-netdev socket" and "-netdev stream".
/// </summary>
public sealed class StreamNetwork : INetworkBackend
{
    // A peer that takes nothing for this long is given up: a frame cut in half cannot be mended.
    private const int SendTimeout = 2000;

    private readonly Socket _socket;
    private readonly byte[] _sending = new byte[4 + VirtioNetwork.LongestFrame];

    /// <summary>Takes over a connection.</summary>
    /// <param name="connected">A connected stream socket.</param>
    public StreamNetwork(Socket connected)
    {
        _socket = connected;
        _socket.SendTimeout = SendTimeout;
        if (_socket.ProtocolType == ProtocolType.Tcp)
        {
            _socket.NoDelay = true;
        }
    }

    /// <summary>Connects to a listening peer.</summary>
    /// <param name="remote">Where it listens.</param>
    /// <param name="stop">Ends the wait for one that does not answer.</param>
    /// <exception cref="SocketException">There is none.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public static StreamNetwork Connect(EndPoint remote, CancellationToken stop = default)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.ConnectAsync(remote, stop).AsTask().GetAwaiter().GetResult();
            return new StreamNetwork(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> frame)
    {
        BinaryPrimitives.WriteInt32BigEndian(_sending, frame.Length);
        frame.CopyTo(_sending.AsSpan(4));
        try
        {
            for (int sent = 0; sent < 4 + frame.Length;)
            {
                sent += _socket.Send(_sending, sent, 4 + frame.Length - sent, SocketFlags.None);
            }
        }
        catch (SocketException)
        {
            _socket.Dispose();
        }
        catch (ObjectDisposedException)
        {
            // The connection is gone; so is the frame.
        }
    }

    /// <inheritdoc/>
    public void Start(NetworkFrameHandler receive) => NetworkThread.Start("stream network", () =>
    {
        byte[] buffer = new byte[VirtioNetwork.LongestFrame];
        while (ReceiveExactly(buffer.AsSpan(0, 4)))
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(buffer);
            if (length < 0 || length > VirtioNetwork.LongestFrame || !ReceiveExactly(buffer.AsSpan(0, length)))
            {
                break;
            }

            receive(buffer.AsSpan(0, length));
        }

        _socket.Dispose();
    });

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private bool ReceiveExactly(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = _socket.Receive(destination);
            if (count == 0)
            {
                return false;
            }

            destination = destination[count..];
        }

        return true;
    }
}

/// <summary>The receiving thread of a network backend: ends when its socket is closed.</summary>
internal static class NetworkThread
{
    internal static void Start(string name, Action receive)
    {
        var thread = new Thread(() =>
        {
            try
            {
                receive();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Closed, here or at the other end.
            }
        })
        {
            IsBackground = true,
            Name = name,
        };
        thread.Start();
    }
}
