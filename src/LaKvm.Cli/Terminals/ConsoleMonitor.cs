using System.Threading.Channels;
using LaKvm.Control;

namespace LaKvm.Cli;

/// <summary>
/// The monitor at the guest's console, which a key leads to and away from. Commands are executed, and their answers
/// shown, on a thread of its own: the keyboard's must hear the key to leave whatever a command waits for.
/// </summary>
/// <param name="desk">Makes the desk when the first command comes.</param>
/// <param name="show">Shows a text; may wait for the terminal.</param>
internal sealed class ConsoleMonitor(Func<MachineDesk> desk, Action<string> show)
{
    private const int MostKeys = 1024;

    private readonly LineEditor _editor = new();
    private Channel<byte?>? _keys;

    /// <summary>Whether keys are the monitor's.</summary>
    internal bool IsActive { get; private set; }

    /// <summary>Goes to the monitor, or back. On the keyboard's thread.</summary>
    internal void Toggle()
    {
        IsActive = !IsActive;
        if (_keys == null)
        {
            _keys = Channel.CreateBounded<byte?>(MostKeys);
            new Thread(Serve) { Name = "console monitor", IsBackground = true }.Start();
        }

        if (IsActive)
        {
            _keys.Writer.TryWrite(null);
        }
        else
        {
            ThreadPool.QueueUserWorkItem(_ => show("\n"));
        }
    }

    /// <summary>Takes a key; those that cannot be taken are dropped. On the keyboard's thread.</summary>
    internal void Type(byte key) => _keys!.Writer.TryWrite(key);

    private void Serve()
    {
        MonitorSession? session = null;
        ChannelReader<byte?> keys = _keys!.Reader;
        while (keys.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (keys.TryRead(out byte? key))
            {
                session ??= new MonitorSession(desk());
                Take(session, key);
            }
        }
    }

    private void Take(MonitorSession session, byte? key)
    {
        if (key is not { } typed)
        {
            show("\n" + MonitorSession.Greeting);
            return;
        }

        string? line = _editor.Type(typed, out string echo);
        show(echo);
        if (line != null)
        {
            show(session.Execute(line));
        }
    }
}
