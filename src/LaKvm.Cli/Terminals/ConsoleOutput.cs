using System.Runtime.InteropServices;
using LaKvm.Linux;

namespace LaKvm.Cli;

/// <summary>
/// A descriptor as the guest's console, or none. Bytes are gathered while the previous ones are being written, so that
/// a core which sends byte by byte does not pay a system call for each.
/// </summary>
internal sealed class ConsoleOutput : IDisposable
{
    private const int Capacity = 64 * 1024, MostKept = 4096;

    private static readonly TimeSpan AbandonPatience = TimeSpan.FromSeconds(0.3);

    private readonly Lock _gate = new();
    private readonly List<byte> _last = [];
    private readonly ManualResetEventSlim _room = new(initialState: true);
    private readonly SemaphoreSlim _filled = new(0);
    private readonly ManualResetEventSlim _written = new();
    private readonly ManualResetEventSlim _leaving = new();
    private readonly int? _descriptor;
    private readonly Thread _writer;
    private byte[] _filling = new byte[Capacity];
    private byte[] _writing = new byte[Capacity];
    private int _count;
    private long _swapped;
    private volatile bool _closed;
    private volatile int _error;

    /// <summary>Begins to write.</summary>
    /// <param name="descriptor">Where to; null keeps only what came last.</param>
    internal ConsoleOutput(int? descriptor)
    {
        _descriptor = descriptor;
        _writer = new Thread(WriteAll) { Name = "console output", IsBackground = true };
        _writer.Start();
    }

    /// <summary>
    /// Raised once when stdout cannot be written any more; what the guest sends afterwards is dropped.
    /// </summary>
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

    /// <summary>
    /// Queues a byte; waits while 64 KiB have not been written, as a serial line holds up its sender.
    /// </summary>
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
    /// Takes no more bytes and frees a core that waits: the user wants to leave, though stdout may not be read any
    /// more.
    /// </summary>
    internal void Abandon()
    {
        _closed = true;
        _room.Set();
        _leaving.Set();
    }

    /// <summary>Writes what is left, unless the output is abandoned; takes no more.</summary>
    /// <exception cref="UserErrorException">Something could not be written.</exception>
    internal void Flush()
    {
        Dispose();
        if (_error != 0)
        {
            throw new UserErrorException($"the guest's output cannot be written: {LinuxError.Describe(_error)}.");
        }
    }

    /// <summary>The last bytes that were shown nowhere; to be asked when the output has ended.</summary>
    internal ReadOnlySpan<byte> Kept => CollectionsMarshal.AsSpan(_last);

    /// <summary>Writes what is left, unless the output is abandoned, and ends.</summary>
    public void Dispose()
    {
        _closed = true;
        _filled.Release();
        WaitHandle.WaitAny([_written.WaitHandle, _leaving.WaitHandle]);
        _writer.Join(AbandonPatience);
    }

    private void WriteAll()
    {
        int count;
        do
        {
            _filled.Wait();
            count = Swap();
            _error = _descriptor is { } descriptor ? FileCalls.WriteAll(descriptor, _writing.AsSpan(0, count))
                : Keep(count);
        }
        while (_error == 0 && (!_closed || count > 0));

        _closed = true;
        _room.Set();
        _written.Set();
        if (_error != 0)
        {
            Broken?.Invoke();
        }
    }

    private int Keep(int count)
    {
        _last.AddRange(_writing.AsSpan(0, count));
        _last.RemoveRange(0, Math.Max(0, _last.Count - MostKept));
        return 0;
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
