using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LaKvm.Debugger;

/// <summary>
/// Listens for debuggers (gdb's remote serial protocol), one at a time, for as long as the process lives: machines come
/// and go behind it. While nobody is connected the machine does not know of it.
/// </summary>
public sealed class GdbServer : IDisposable
{
    private static readonly TimeSpan _lastWords = TimeSpan.FromMilliseconds(300);

    private readonly Lock _lock = new();
    private readonly Socket _listener;
    private readonly string? _file;
    private IDebugMachine? _machine;
    private GdbConnection? _connection;
    private bool _isOver;

    private GdbServer(Socket listener, EndPoint at)
    {
        _listener = listener;
        _file = (at as UnixDomainSocketEndPoint)?.ToString();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => _listener.LocalEndPoint!;

    /// <summary>Begins to listen; who comes is kept waiting until <see cref="Start"/>.</summary>
    /// <exception cref="SocketException">Nobody can listen there.</exception>
    public static GdbServer Listen(EndPoint at)
    {
        ProtocolType protocol = at is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified;
        var listener = new Socket(at.AddressFamily, SocketType.Stream, protocol);
        DeleteStale(at);
        try
        {
            listener.Bind(at);
            listener.Listen(4);
            return new GdbServer(listener, at);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Begins to answer.</summary>
    public void Start() => new Thread(Accept) { IsBackground = true, Name = "gdb" }.Start();

    /// <summary>A machine is there, and not running yet; or, null, no longer one.</summary>
    public void Adopt(IDebugMachine? machine)
    {
        lock (_lock)
        {
            _machine = machine;
            _connection?.Session.Adopt(machine);
        }
    }

    /// <summary>The process ends with an exit code, which the debugger is told.</summary>
    public void Finish(int exitCode)
    {
        lock (_lock)
        {
            string code = (exitCode & 0xff).ToString("x2", CultureInfo.InvariantCulture);
            _connection?.Session.Post(new(SessionEventKind.Finished, code));
        }
    }

    /// <summary>Listens no more, and ends the conversation that there is, when its last word has been said.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _listener.Dispose();
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref _connection) == null, _lastWords);
        lock (_lock)
        {
            _connection?.Close();
        }

        if (_file != null)
        {
            Delete(_file);
        }
    }

    /// <summary>The socket of a process that has ended is in nobody's way.</summary>
    private static void DeleteStale(EndPoint at)
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

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (_isOver)
                {
                    return;
                }

                Thread.Sleep(100); // no descriptors, for one: not for ever
                continue;
            }

            new Thread(() => Serve(socket)) { IsBackground = true, Name = "gdb session" }.Start();
        }
    }

    private void Serve(Socket socket)
    {
        if (socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        }

        using var connection = new GdbConnection(socket);
        if (!WaitForTurn(connection))
        {
            Refuse(socket);
            return;
        }

        try
        {
            connection.Run();
        }
        finally
        {
            lock (_lock)
            {
                connection.Session.Adopt(null);
                _connection = null;
            }
        }
    }

    /// <summary>One who has just detached may still be leaving when the next one comes.</summary>
    private bool WaitForTurn(GdbConnection connection)
    {
        const int tries = 25, pause = 20;
        for (int n = 0; n < tries; n++)
        {
            if (TryBegin(connection))
            {
                return true;
            }

            Thread.Sleep(pause);
        }

        return false;
    }

    private bool TryBegin(GdbConnection connection)
    {
        lock (_lock)
        {
            if (_connection != null || _isOver)
            {
                return false;
            }

            _connection = connection;
            connection.Session.Adopt(_machine);
            return true;
        }
    }

    /// <summary>Debuggers show the error with which their first packet is answered.</summary>
    private static void Refuse(Socket socket)
    {
        const int patience = 1000;
        try
        {
            socket.SendTimeout = socket.ReceiveTimeout = patience;
            _ = socket.Receive(new byte[1024]);
            socket.Send([(byte)'+', .. PacketWriter.Write(Reply.Fail("another debugger is connected").Data)]);
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // It did not wait for that.
        }
    }
}
