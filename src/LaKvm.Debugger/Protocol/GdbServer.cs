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
    private readonly ListeningSocket _listener;
    private IDebugMachine? _machine;
    private GdbConnection? _connection;
    private bool _isOver;

    /// <summary>Takes debuggers from a place.</summary>
    public GdbServer(ListeningSocket listener) => _listener = listener;

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => _listener.EndPoint;

    /// <summary>Begins to answer.</summary>
    public void Start() => _listener.Start("gdb", Serve);

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
    }

    private void Serve(Socket socket)
    {
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
