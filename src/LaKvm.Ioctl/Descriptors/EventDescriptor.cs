using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>
/// eventfd: a counter that a write adds to and a read takes. Listeners hear of every signal on the signalling thread,
/// and take the counter: a read finds nothing then.
/// </summary>
/// <param name="blocking">Whether a read waits for a signal (without EFD_NONBLOCK).</param>
public sealed class EventDescriptor(bool blocking = false) : Descriptor, IKvmEvent
{
    private readonly object _lock = new();
    private ulong _count;
    private Action? _signalled;
    private bool _interrupted;

    /// <inheritdoc/>
    public override string Name => "anon_inode:[eventfd]";

    /// <inheritdoc/>
    public event Action Signalled
    {
        add
        {
            bool waiting;
            lock (_lock)
            {
                _signalled += value;
                waiting = _count != 0;
            }

            if (waiting)
            {
                value?.Invoke();
            }
        }

        remove
        {
            lock (_lock)
            {
                _signalled -= value;
            }
        }
    }

    /// <inheritdoc/>
    public event Action? Closed;

    /// <inheritdoc/>
    protected internal override void Release() => Closed?.Invoke();

    /// <inheritdoc/>
    public void Signal()
    {
        Action? listeners;
        lock (_lock)
        {
            listeners = _signalled;
            _count = listeners == null ? _count + 1 : 0;
            Monitor.PulseAll(_lock);
        }

        listeners?.Invoke();
    }

    /// <summary>Takes the counter: 0 if nothing was signalled.</summary>
    public ulong Take()
    {
        lock (_lock)
        {
            (ulong count, _count) = (_count, 0);
            return count;
        }
    }

    /// <inheritdoc/>
    internal override void Interrupt()
    {
        lock (_lock)
        {
            _interrupted = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer, long offset)
    {
        if (buffer.Length < sizeof(ulong))
        {
            return Result(Errno.Inval);
        }

        ulong count = blocking ? Wait() : Take();
        if (count == 0)
        {
            return Result(blocking ? Errno.Intr : Errno.Again);
        }

        BitConverter.TryWriteBytes(buffer, count);
        return sizeof(ulong);
    }

    /// <summary>Takes the counter once it is not 0; 0 if the process ends before.</summary>
    private ulong Wait()
    {
        lock (_lock)
        {
            while (_count == 0 && !_interrupted)
            {
                Monitor.Wait(_lock);
            }

            return Take();
        }
    }
}
