namespace LaKvm.Machine;

/// <summary>
/// Sends a serial line's output to a stream from a thread of its own. If the stream is slower than the machine for long,
/// the newest bytes are dropped rather than a core held up.
/// </summary>
public sealed class StreamSerialBackend : ISerialBackend, IDisposable
{
    /// <summary>Most bytes that wait for the stream.</summary>
    public const int Limit = 1 << 22;

    private readonly Stream _stream;
    private readonly Thread _thread;
    private readonly object _lock = new();
    private byte[] _waiting = new byte[4096];
    private int _count;
    private bool _closing;

    /// <summary>Starts the thread.</summary>
    /// <param name="stream">Where the bytes go; stays open.</param>
    public StreamSerialBackend(Stream stream)
    {
        _stream = stream;
        _thread = new Thread(Run) { IsBackground = true, Name = "serial output" };
        _thread.Start();
    }

    /// <summary>Bytes that were dropped so far.</summary>
    public long Dropped { get; private set; }

    /// <inheritdoc/>
    public void Write(byte value)
    {
        lock (_lock)
        {
            if (_count == Limit || _closing)
            {
                Dropped++;
                return;
            }

            if (_count == _waiting.Length)
            {
                Array.Resize(ref _waiting, _waiting.Length * 2);
            }

            _waiting[_count++] = value;
            if (_count == 1)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Writes what is waiting and ends the thread.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closing = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
    }

    private void Run()
    {
        byte[] sending = new byte[4096];
        while (true)
        {
            int count;
            lock (_lock)
            {
                while (_count == 0 && !_closing)
                {
                    Monitor.Wait(_lock);
                }

                if (_count == 0)
                {
                    return;
                }

                (sending, _waiting) = (_waiting, sending);
                (count, _count) = (_count, 0);
            }

            try
            {
                _stream.Write(sending, 0, count);
                _stream.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or NotSupportedException)
            {
                // A closed terminal or pipe must not stop the machine.
                Dropped += count;
            }
        }
    }
}
