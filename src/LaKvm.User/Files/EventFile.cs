using LaKvm.Hypervisor;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// An eventfd: one of the computer's, so that it can be waited for, which is written through here, so that KVM's
/// listeners (irqfd) hear of every write on the thread that writes; they take the count then.
/// </summary>
internal sealed class EventFile : UserFile, IKvmEvent
{
    private const short Readable = 1, Writable = 4;

    private readonly Lock _lock = new();
    private readonly int _fd;
    private Action? _signalled;

    private EventFile(int fd) => _fd = fd;

    /// <inheritdoc/>
    public event Action Signalled
    {
        add
        {
            Span<byte> count = stackalloc byte[sizeof(ulong)];
            bool waiting;
            lock (_lock)
            {
                _signalled += value;
                waiting = DescriptorCalls.Read(_fd, count) > 0;
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
    public override string Name => "anon_inode:[eventfd]";

    /// <inheritdoc/>
    internal override int Number => _fd;

    /// <summary>eventfd2: a file, or a negative error number.</summary>
    internal static long Create(uint value, int flags, out EventFile? file)
    {
        const int semaphore = 1, known = semaphore | NonBlockingFlag | FileCalls.CloseOnExec;
        file = null;
        if ((flags & ~known) != 0)
        {
            return Fail.Inval;
        }

        long fd = DescriptorCalls.CreateEvent(value, (flags & semaphore) | NonBlockingFlag | FileCalls.CloseOnExec);
        if (fd >= 0)
        {
            file = new EventFile((int)fd) { Flags = 2 | (flags & NonBlockingFlag) };
        }

        return fd;
    }

    /// <inheritdoc/>
    public void Signal() => Add(1);

    /// <inheritdoc/>
    internal override long Read(UserThread thread, Span<byte> buffer)
    {
        if (buffer.Length < sizeof(ulong))
        {
            return Fail.Inval;
        }

        byte[] count = new byte[sizeof(ulong)];
        long result = Await(thread, Readable, () => DescriptorCalls.Read(_fd, count));
        count.CopyTo(buffer);
        return result;
    }

    /// <inheritdoc/>
    internal override long Write(UserThread thread, ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length < sizeof(ulong) || BitConverter.ToUInt64(buffer) is var value && value == ulong.MaxValue)
        {
            return Fail.Inval;
        }

        return value == 0 ? sizeof(ulong) : Await(thread, Writable, () => Add(value));
    }

    /// <inheritdoc/>
    protected override void Release()
    {
        Closed?.Invoke();
        _ = FileCalls.Close(_fd);
    }

    private long Add(ulong value)
    {
        Action? listeners;
        long result = sizeof(ulong);
        lock (_lock)
        {
            listeners = _signalled;
            if (listeners == null)
            {
                result = DescriptorCalls.Write(_fd, BitConverter.GetBytes(value));
            }
        }

        listeners?.Invoke();
        return result;
    }
}
