namespace LaKvm.Ioctl;

/// <summary>
/// The open descriptors of a process: small numbers, the lowest free one first. Several may name one object, which
/// lives as long as one does. Any thread.
/// </summary>
public sealed class DescriptorTable
{
    /// <summary>Descriptors that a process may have (RLIMIT_NOFILE).</summary>
    public const int Limit = 1 << 20;

    private const int BadDescriptor = -9, TooMany = -24; // EBADF, EMFILE

    private readonly Lock _lock = new();
    private Descriptor?[] _table = new Descriptor?[16];
    private bool[] _closeOnExec = new bool[16];

    /// <summary>Descriptors in use.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _table.Count(d => d != null);
            }
        }
    }

    /// <summary>The numbers in use.</summary>
    public IReadOnlyList<int> Numbers
    {
        get
        {
            lock (_lock)
            {
                return [.. Enumerable.Range(0, _table.Length).Where(fd => _table[fd] != null)];
            }
        }
    }

    /// <summary>The object behind a descriptor, or null.</summary>
    public Descriptor? Find(int fd)
    {
        Descriptor?[] table = Volatile.Read(ref _table);
        return (uint)fd < (uint)table.Length ? table[fd] : null;
    }

    /// <summary>
    /// The object behind a descriptor, kept alive until it is dropped; null if the descriptor is not open.
    /// </summary>
    public Descriptor? Hold(int fd) => Find(fd) is { } descriptor && descriptor.TryHold() ? descriptor : null;

    /// <summary>
    /// Gives an object the lowest free number from <paramref name="least"/> on, and takes the caller's reference over:
    /// -EMFILE if there is none.
    /// </summary>
    public int Install(Descriptor descriptor, int least = 0, bool closeOnExec = false)
    {
        lock (_lock)
        {
            int fd = least;
            while (fd < _table.Length && _table[fd] != null)
            {
                fd++;
            }

            if (fd >= Limit)
            {
                return TooMany;
            }

            Put(fd, descriptor, closeOnExec);
            return fd;
        }
    }

    /// <summary>
    /// Gives an object a certain number, which ends what that named before, and takes the caller's reference over:
    /// -EBADF for a number that is none.
    /// </summary>
    public int Replace(int fd, Descriptor descriptor, bool closeOnExec)
    {
        if ((uint)fd >= Limit)
        {
            return BadDescriptor;
        }

        Descriptor? old;
        lock (_lock)
        {
            old = Find(fd);
            Put(fd, descriptor, closeOnExec);
        }

        old?.Drop();
        return fd;
    }

    /// <summary>close: 0 or -EBADF.</summary>
    public int Close(int fd)
    {
        Descriptor? descriptor;
        lock (_lock)
        {
            descriptor = Find(fd);
            if (descriptor == null)
            {
                return BadDescriptor;
            }

            _table[fd] = null;
        }

        descriptor.Drop();
        return 0;
    }

    /// <summary>Whether a new program does not get the descriptor (FD_CLOEXEC).</summary>
    public bool IsCloseOnExec(int fd)
    {
        lock (_lock)
        {
            return (uint)fd < (uint)_closeOnExec.Length && _closeOnExec[fd];
        }
    }

    /// <summary>Sets that.</summary>
    public void SetCloseOnExec(int fd, bool value)
    {
        lock (_lock)
        {
            if (Find(fd) != null)
            {
                _closeOnExec[fd] = value;
            }
        }
    }

    /// <summary>A child's table: the same objects.</summary>
    public DescriptorTable Clone()
    {
        lock (_lock)
        {
            return new DescriptorTable
            {
                _table = [.. _table.Select(d => d != null && d.TryHold() ? d : null)],
                _closeOnExec = [.. _closeOnExec],
            };
        }
    }

    /// <summary>A new program begins: closes what it does not get.</summary>
    public void CloseForExec()
    {
        foreach (int fd in Numbers.Where(IsCloseOnExec))
        {
            Close(fd);
        }
    }

    /// <summary>Closes everything.</summary>
    public void CloseAll()
    {
        foreach (int fd in Numbers)
        {
            Close(fd);
        }
    }

    private void Put(int fd, Descriptor descriptor, bool closeOnExec)
    {
        if (fd >= _table.Length)
        {
            int length = Math.Max(fd + 1, _table.Length * 2);
            Array.Resize(ref _closeOnExec, length);
            Array.Resize(ref _table, length);
        }

        _closeOnExec[fd] = closeOnExec;
        Volatile.Write(ref _table[fd], descriptor);
    }
}
