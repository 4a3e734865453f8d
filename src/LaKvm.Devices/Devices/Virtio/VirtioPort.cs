namespace LaKvm.Devices;

/// <summary>Takes bytes that the guest has written; may block until somebody has read them.</summary>
public delegate void PortOutputHandler(ReadOnlySpan<byte> bytes);

/// <summary>One stream of a <see cref="VirtioPorts"/>; any thread.</summary>
/// <param name="name">Its name in the guest, ASCII.</param>
/// <param name="output">Takes what the guest writes; null where nobody does.</param>
public sealed class VirtioPort(string name, PortOutputHandler? output = null)
{
    /// <summary>Most bytes that wait for the guest.</summary>
    public const int InputLimit = 1 << 16;

    private readonly object _lock = new();
    private readonly Queue<byte> _input = new();
    private bool _isOpen, _hasEnded, _toldEnd;

    /// <summary>Its name in the guest.</summary>
    public string Name { get; } = name;

    internal PortOutputHandler? Output { get; } = output;

    internal Action? Wake { get; set; }

    /// <summary>
    /// Whether there is something for the guest, which has opened the port: a driver drops what comes before.
    /// </summary>
    internal bool HasInput
    {
        get
        {
            lock (_lock)
            {
                return _isOpen && _input.Count > 0;
            }
        }
    }

    /// <summary>Hands bytes over to the guest; waits while <see cref="InputLimit"/> bytes wait already.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            foreach (byte value in bytes)
            {
                while (_input.Count == InputLimit)
                {
                    Wake?.Invoke();
                    Monitor.Wait(_lock);
                }

                _input.Enqueue(value);
            }
        }

        Wake?.Invoke();
    }

    /// <summary>There will be no more bytes: behind the last one the guest reads the end.</summary>
    public void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
        }

        Wake?.Invoke();
    }

    internal void SetOpen(bool isOpen)
    {
        lock (_lock)
        {
            _isOpen = isOpen;
            _toldEnd = false;
        }
    }

    internal int Take(Span<byte> destination)
    {
        lock (_lock)
        {
            int count = 0;
            while (count < destination.Length && _input.TryDequeue(out byte value))
            {
                destination[count++] = value;
            }

            Monitor.PulseAll(_lock);
            return count;
        }
    }

    /// <summary>True once, when the guest has got everything and is to be told that nothing follows.</summary>
    internal bool TryEnd()
    {
        lock (_lock)
        {
            bool isOver = _isOpen && _hasEnded && !_toldEnd && _input.Count == 0;
            _toldEnd |= isOver;
            return isOver;
        }
    }
}
