namespace LaKvm.Cli;

/// <summary>
/// Stdout as the guest's console. Bytes are gathered while the previous ones are being written, so that a core which
/// sends byte by byte does not pay a system call for each.
/// </summary>
internal sealed class ConsoleOutput : IDisposable
{
    private const int Capacity = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _room = new(initialState: true);
    private readonly SemaphoreSlim _filled = new(0);
    private readonly Thread _writer;
    private byte[] _filling = new byte[Capacity];
    private byte[] _writing = new byte[Capacity];
    private int _count;
    private volatile bool _closed;

    internal ConsoleOutput()
    {
        _writer = new Thread(WriteAll) { Name = "console output", IsBackground = true };
        _writer.Start();
    }

    /// <summary>Raised once when stdout has been closed by its reader; what the guest sends afterwards is dropped.</summary>
    internal event Action? Broken;

    /// <summary>Queues bytes; waits while more than 64 KiB have not been written.</summary>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && !_closed)
        {
            int taken;
            lock (_gate)
            {
                taken = Math.Min(bytes.Length, Capacity - _count);
                bytes[..taken].CopyTo(_filling.AsSpan(_count));
                if (_count == 0 && taken > 0)
                {
                    _filled.Release();
                }

                _count += taken;
                if (_count == Capacity)
                {
                    _room.Reset();
                }
            }

            bytes = bytes[taken..];
            _room.Wait();
        }
    }

    /// <summary>Writes what is left and ends.</summary>
    public void Dispose()
    {
        _closed = true;
        _filled.Release();
        _writer.Join();
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
            _count = 0;
            _room.Set();
            return count;
        }
    }
}
