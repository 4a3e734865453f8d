using LaKvm.Hypervisor;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>A file, directory, terminal, pipe or socket of the computer's.</summary>
internal class HostFile : UserFile
{
    private const short Readable = 1, Writable = 4;
    private const int GetFlags = 3, SetFlags = 4;

    private readonly int _fd;
    private readonly bool _owned, _waits;
    private readonly string _path;

    /// <summary>Takes a descriptor over, or only uses it.</summary>
    internal HostFile(int fd, string path, bool owned = true)
    {
        (_fd, _path, _owned) = (fd, path, owned);
        Span<byte> status = stackalloc byte[StatusBuffer.Size];
        Status(status);
        _waits = (status[29] & 0xf0) is not (0x80 or 0x40 or 0x60); // a file, directory or disk is always ready
        Flags = (int)DescriptorCalls.FileControl(fd, GetFlags, 0);
    }

    /// <summary>Whether a descriptor of the computer's is a socket's.</summary>
    internal static bool IsSocket(int fd)
    {
        const int kindAt = 29, kindMask = 0xf0, socket = 0xc0, emptyPath = 0x1000;
        const uint basic = 0x7ff;
        Span<byte> status = stackalloc byte[StatusBuffer.Size];
        return PathCalls.Status(fd, "", emptyPath, basic, status) == 0 && (status[kindAt] & kindMask) == socket;
    }

    /// <inheritdoc/>
    public override string Name => _path;

    /// <inheritdoc/>
    internal override int Number => _fd;

    /// <inheritdoc/>
    internal override bool MayWait => true;

    /// <inheritdoc/>
    internal override int Flags
    {
        get => base.Flags;
        set
        {
            base.Flags = value;
            if (_owned)
            {
                // A call of ours that waits waits for the descriptor, together with the thread's own event.
                DescriptorCalls.FileControl(_fd, SetFlags, _waits ? value | NonBlockingFlag : value);
            }
        }
    }

    /// <inheritdoc/>
    internal override long Read(UserThread thread, Span<byte> buffer)
    {
        if (!_waits)
        {
            return DescriptorCalls.Read(_fd, buffer);
        }

        byte[] own = new byte[buffer.Length];
        long count = Await(thread, Readable, () => IsReady(Readable) ? DescriptorCalls.Read(_fd, own) : Fail.Again);
        own.AsSpan(0, (int)Math.Max(0, count)).CopyTo(buffer);
        return count;
    }

    /// <inheritdoc/>
    internal override long Write(UserThread thread, ReadOnlySpan<byte> buffer)
    {
        if (!_waits)
        {
            return DescriptorCalls.Write(_fd, buffer);
        }

        byte[] own = buffer.ToArray();
        long count = Await(thread, Writable, () => IsReady(Writable) ? DescriptorCalls.Write(_fd, own) : Fail.Again);
        if (count == -LinuxError.BrokenPipe)
        {
            thread.Signals.Post(SignalInfo.FromProcess(Signal.Pipe, thread.Process.Id));
        }

        return count;
    }

    /// <inheritdoc/>
    internal override long ReadAt(Span<byte> buffer, long offset) => DescriptorCalls.ReadAt(_fd, buffer, offset);

    /// <inheritdoc/>
    internal override long WriteAt(ReadOnlySpan<byte> buffer, long offset) =>
        DescriptorCalls.WriteAt(_fd, buffer, offset);

    /// <inheritdoc/>
    internal override long Seek(long offset, int origin) => DescriptorCalls.Seek(_fd, offset, origin);

    /// <inheritdoc/>
    internal override long SetLength(long length) => DescriptorCalls.SetLength(_fd, length);

    /// <inheritdoc/>
    internal override long Allocate(int mode, long offset, long length) =>
        DescriptorCalls.Allocate(_fd, mode, offset, length);

    /// <inheritdoc/>
    internal override long Synchronize(bool dataOnly) => DescriptorCalls.Synchronize(_fd, dataOnly);

    /// <inheritdoc/>
    internal override long ReadDirectory(Span<byte> buffer) => PathCalls.ReadDirectory(_fd, buffer);

    /// <inheritdoc/>
    internal override long Status(Span<byte> status)
    {
        const int emptyPath = 0x1000;
        const uint basic = 0x7ff;
        return PathCalls.Status(_fd, "", emptyPath, basic, status);
    }

    /// <inheritdoc/>
    internal override unsafe long Control(UserThread thread, uint request, ulong argument)
    {
        int size = TerminalRequests.SizeOf(request);
        if (size < 0)
        {
            return Fail.NoTty;
        }

        byte[] value = new byte[Math.Max(size, 1)];
        bool reads = size != 0 && TerminalRequests.Reads(request);
        if (size != 0 && !reads && !thread.Memory.CopyFrom(argument, value))
        {
            return Fail.Fault;
        }

        long result;
        thread.Mode.GiveUpCore();
        fixed (byte* pointer = value)
        {
            result = DescriptorCalls.Control(_fd, request, size == 0 ? (void*)argument : pointer);
        }

        return result >= 0 && reads && !thread.Memory.CopyTo(argument, value) ? Fail.Fault : result;
    }

    /// <inheritdoc/>
    public override Errno Map(ulong offset, ulong bytes, HostRights rights, bool shared, out HostMemoryObject? mapped)
    {
        bool writes = shared && (rights & HostRights.Write) != 0;
        mapped = _waits || writes ? null : new FilePages(this, null);
        return mapped == null ? Errno.NoDev : Errno.None;
    }

    /// <inheritdoc/>
    protected override void Release()
    {
        if (_owned)
        {
            _ = FileCalls.Close(_fd);
        }
    }

    /// <summary>A descriptor that others use too may wait for ever: what it has is looked at first.</summary>
    private bool IsReady(short events) => _owned || ReadyEvents(events) != 0;
}
