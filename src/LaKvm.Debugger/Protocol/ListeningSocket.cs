using System.Net;
using System.Net.Sockets;

namespace LaKvm.Debugger;

/// <summary>
/// A place where clients come in: an internet address, or a path. Each client is served on a thread of its own.
/// </summary>
public sealed class ListeningSocket : IDisposable
{
    private readonly Socket _listener;
    private readonly string? _file;
    private volatile bool _isOver;

    private ListeningSocket(Socket listener, EndPoint at)
    {
        _listener = listener;
        _file = (at as UnixDomainSocketEndPoint)?.ToString();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => _listener.LocalEndPoint!;

    /// <summary>Begins to listen; who comes is kept waiting until <see cref="Start"/>.</summary>
    /// <exception cref="SocketException">Nobody can listen there.</exception>
    public static ListeningSocket Listen(EndPoint at)
    {
        ProtocolType protocol = at is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified;
        var listener = new Socket(at.AddressFamily, SocketType.Stream, protocol);
        DeleteStale(at);
        try
        {
            listener.Bind(at);
            listener.Listen(4);
            return new ListeningSocket(listener, at);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Begins to serve clients.</summary>
    /// <param name="name">What the threads are called.</param>
    /// <param name="serve">Talks to a client, and closes the socket.</param>
    public void Start(string name, Action<Socket> serve) =>
        new Thread(() => Accept(name, serve)) { IsBackground = true, Name = name }.Start();

    /// <summary>Listens no more. Conversations go on.</summary>
    public void Dispose()
    {
        _isOver = true;
        _listener.Dispose();
        if (_file != null)
        {
            Delete(_file);
        }
    }

    /// <summary>The socket of a process that has ended is in nobody's way.</summary>
    public static void DeleteStale(EndPoint at)
    {
        if (at is not UnixDomainSocketEndPoint)
        {
            return;
        }

        using var probe = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(at);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            Delete(at.ToString()!);
        }
        catch (SocketException)
        {
            // Nothing is there, or binding will tell what is wrong.
        }
    }

    /// <summary>A process that is confined by now leaves it there.</summary>
    private static void Delete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next one to listen deletes it.
        }
    }

    private void Accept(string name, Action<Socket> serve)
    {
        while (!_isOver)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (!_isOver)
                {
                    Thread.Sleep(100); // no descriptors, for one: not for ever
                }

                continue;
            }

            if (socket.ProtocolType == ProtocolType.Tcp)
            {
                socket.NoDelay = true;
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            }

            new Thread(() => serve(socket)) { IsBackground = true, Name = $"{name} session" }.Start();
        }
    }
}
