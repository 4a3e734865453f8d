using System.Net;
using System.Net.Sockets;
using LaKvm.Debugger;

namespace LaKvm.Control;

/// <summary>A place where clients of one kind come in, several at once.</summary>
public abstract class Door : IDisposable
{
    /// <summary>Clients at once; more are refused.</summary>
    private const int MostClients = 16;

    /// <summary>How long the last words may take.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(300);

    private readonly ListeningSocket _listener;
    private readonly List<DoorClient> _clients = [];

    /// <summary>Takes clients from a place.</summary>
    protected Door(ListeningSocket listener) => _listener = listener;

    /// <summary>Where it is.</summary>
    public EndPoint EndPoint => _listener.EndPoint;

    /// <summary>What its threads are called.</summary>
    protected abstract string Name { get; }

    /// <summary>What a client gets for which there is no room.</summary>
    protected abstract ReadOnlyMemory<byte> Refusal { get; }

    /// <summary>Begins to serve clients.</summary>
    public void Start() => _listener.Start(Name, Serve);

    /// <summary>Listens no more, and ends all conversations when their last words have been sent.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        DoorClient[] clients;
        lock (_clients)
        {
            clients = [.. _clients];
        }

        DateTime end = DateTime.UtcNow + _patience;
        foreach (DoorClient client in clients)
        {
            client.Finish(end - DateTime.UtcNow);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Talks to a client until it goes.</summary>
    private protected abstract void Talk(DoorClient client);

    private void Serve(Socket socket)
    {
        using var client = new DoorClient(socket);
        try
        {
            if (TryAdd(client))
            {
                Talk(client);
            }
            else
            {
                client.Send(Refusal);
            }

            client.Finish(_patience);
        }
        finally
        {
            lock (_clients)
            {
                _clients.Remove(client);
            }
        }
    }

    private bool TryAdd(DoorClient client)
    {
        lock (_clients)
        {
            if (_clients.Count >= MostClients)
            {
                return false;
            }

            _clients.Add(client);
            return true;
        }
    }
}
