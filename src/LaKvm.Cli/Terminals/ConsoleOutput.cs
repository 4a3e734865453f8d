namespace LaKvm.Cli;

/// <summary>
/// Stdout as the guest's console. Bytes are gathered while the previous ones are being written, so that a core which
/// sends byte by byte does not pay a system call for each.
/// </summary>
internal sealed class ConsoleOutput : IDisposable
{
    private const int Capacity = 64 * 1024;

    private static readonly TimeSpan AbandonPatience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _room = new(initialState: true);
    private readonly SemaphoreSlim _filled = new(0);
    private readonly Thread _writer;
    private byte[] _filling = new byte[Capacity];
    private byte[] _writing = new byte[Capacity];
    private int _count;
    private long _swapped;
    private volatile bool _closed;
    private volatile bool _abandoned;

    internal ConsoleOutput()
    {
        _writer = new Thread(WriteAll) { Name = "console output", IsBackground = true };
        _writer.Start();
    }

    /// <summary>Raised once when stdout has been closed by its reader; what the guest sends afterwards is dropped.</summary>
    internal event Action? Broken;

    /// <summary>Bytes that the guest has sent so far.</summary>
    internal long Sent
    {
        get
        {
            lock (_gate)
            {
                return _swapped + _count;
            }
        }
    }

    /// <summary>Queues a byte; waits while 64 KiB have not been written, as a serial line holds up its sender.</summary>
    internal void Write(byte value)
    {
        _room.Wait();
        lock (_gate)
        {
            if (_closed || _count == Capacity)
            {
                return;
            }

            _filling[_count++] = value;
            if (_count == 1)
            {
                _filled.Release();
            }
            else if (_count == Capacity)
            {
                _room.Reset();
            }
        }
    }

    /// <summary>
    /// Takes no more bytes and frees a core that waits: the user wants to leave, though stdout may not be read any more.
    /// </summary>
    internal void Abandon()
    {
        _closed = _abandoned = true;
        _room.Set();
    }

    /// <summary>Writes what is left and ends.</summary>
    public void Dispose()
    {
        _closed = true;
        _filled.Release();
        _writer.Join(_abandoned ? AbandonPatience : Timeout.InfiniteTimeSpan);
    }

    private void WriteAll()
    {
        int count;
        do
        {
            _filled.Wait();
            count = Swap();
            if (!NativeMethods.WriteAll(NativeMethods.StandardOutput, _writing.AsSpan(0, count)))
            {
                _closed = true;
                Swap();
                Broken?.Invoke();
                return;
            }
        }
        while (!_closed || count > 0);
    }

    private int Swap()
    {
        lock (_gate)
        {
            (_filling, _writing) = (_writing, _filling);
            int count = _count;
            _swapped += count;
            _count = 0;
            _room.Set();
            return count;
        }
    }
}
