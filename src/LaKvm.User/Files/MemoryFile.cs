using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Memory that processes share: of a memfd, a file in /dev/shm, or a shared mapping without a file.</summary>
internal sealed unsafe class MemoryContent(HostPages pages) : HostMemoryObject
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, ulong> _pageOf = [];
    private readonly List<HostAddressSpace> _spaces = [];
    private int _users = 1;

    /// <summary>Bytes.</summary>
    internal ulong Length { get; private set; }

    /// <inheritdoc/>
    public override Errno GetPage(ulong offset, out ulong page)
    {
        lock (_lock)
        {
            page = 0;
            if (offset >= Length)
            {
                return Errno.Fault;
            }

            return TryPage(offset, out page) ? Errno.None : Errno.NoMem;
        }
    }

    /// <inheritdoc/>
    public override void Attach(HostAddressSpace space) => Use(() => _spaces.Add(space));

    /// <inheritdoc/>
    public override void Detach(HostAddressSpace space) => Unuse(() => _spaces.Remove(space));

    /// <summary>A file refers to the content.</summary>
    internal void Hold() => Use(() => { });

    /// <summary>It does no more.</summary>
    internal void Drop() => Unuse(() => { });

    /// <summary>
    /// Changes the length; what is cut off is gone, from the mappings too.
    /// </summary>
    internal void SetLength(ulong length)
    {
        ulong old;
        lock (_lock)
        {
            (old, Length) = (Length, length);
        }

        if (length < old)
        {
            Remove(length, old);
        }
    }

    /// <summary>Makes a range zero and gives its pages back.</summary>
    internal void Remove(ulong start, ulong end)
    {
        ulong page = pages.PageSize, first = (start + page - 1) & ~(page - 1);
        HostAddressSpace[] spaces;
        (ulong Offset, ulong Page)[] gone;
        lock (_lock)
        {
            spaces = [.. _spaces];
            gone = [.. _pageOf.Where(entry => entry.Key >= first && entry.Key < end).Select(entry =>
                (entry.Key, entry.Value))];
            foreach ((ulong offset, _) in gone)
            {
                _pageOf.Remove(offset);
            }
        }

        foreach (HostAddressSpace space in spaces)
        {
            space.Forget(this, first, end);
        }

        foreach ((_, ulong physical) in gone)
        {
            pages.Put(physical);
        }

        ZeroPart(start, Math.Min(first, end));
    }

    /// <summary>Copies out; fewer bytes than asked for at the end.</summary>
    internal int Read(ulong offset, Span<byte> target)
    {
        lock (_lock)
        {
            int length = (int)Math.Min((ulong)target.Length, offset >= Length ? 0 : Length - offset);
            for (int done = 0; done < length;)
            {
                ulong at = offset + (ulong)done, within = at & (pages.PageSize - 1);
                int part = (int)Math.Min((ulong)(length - done), pages.PageSize - within);
                Span<byte> to = target.Slice(done, part);
                if (_pageOf.TryGetValue(at - within, out ulong page))
                {
                    new ReadOnlySpan<byte>(pages.Pointer(page) + within, part).CopyTo(to);
                }
                else
                {
                    to.Clear();
                }

                done += part;
            }

            return length;
        }
    }

    /// <summary>Copies in, and makes the content longer for it; fewer bytes than given if there is no memory.</summary>
    internal int Write(ulong offset, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            int done = 0;
            while (done < source.Length)
            {
                ulong at = offset + (ulong)done, within = at & (pages.PageSize - 1);
                int part = (int)Math.Min((ulong)(source.Length - done), pages.PageSize - within);
                if (!TryPage(at, out ulong page))
                {
                    break;
                }

                pages.Put(page);
                source.Slice(done, part).CopyTo(new Span<byte>(pages.Pointer(page) + within, part));
                pages.Memory.Written(page + within, (ulong)part);
                done += part;
            }

            Length = Math.Max(Length, offset + (ulong)done);
            return done;
        }
    }

    /// <summary>The page at an offset, with a reference for the caller.</summary>
    private bool TryPage(ulong offset, out ulong page)
    {
        ulong key = offset & ~(pages.PageSize - 1);
        if (!_pageOf.TryGetValue(key, out page))
        {
            page = pages.Allocate();
            if (page == 0)
            {
                return false;
            }

            _pageOf.Add(key, page);
        }

        pages.Get(page);
        return true;
    }

    private void ZeroPart(ulong start, ulong end)
    {
        lock (_lock)
        {
            if (start < end && _pageOf.TryGetValue(start & ~(pages.PageSize - 1), out ulong page))
            {
                new Span<byte>(pages.Pointer(page) + (start & (pages.PageSize - 1)), (int)(end - start)).Clear();
            }
        }
    }

    private void Use(Action also)
    {
        lock (_lock)
        {
            _users++;
            also();
        }
    }

    private void Unuse(Action also)
    {
        lock (_lock)
        {
            also();
            if (--_users == 0)
            {
                foreach (ulong page in _pageOf.Values)
                {
                    pages.Put(page);
                }

                _pageOf.Clear();
            }
        }
    }
}

/// <summary>A memfd, or an open file of /dev/shm.</summary>
internal sealed class MemoryFile : UserFile
{
    private readonly MemoryContent _content;
    private readonly string _name;
    private long _position;

    /// <summary>Opens content, which it keeps alive.</summary>
    internal MemoryFile(MemoryContent content, string name)
    {
        (_content, _name) = (content, name);
        content.Hold();
        Flags = 2; // O_RDWR
    }

    /// <inheritdoc/>
    public override string Name => _name;

    /// <summary>What is in it.</summary>
    internal MemoryContent Content => _content;

    /// <inheritdoc/>
    internal override long Read(UserThread thread, Span<byte> buffer) => Moved(ReadAt(buffer, _position));

    /// <inheritdoc/>
    internal override long Write(UserThread thread, ReadOnlySpan<byte> buffer) => Moved(WriteAt(buffer, _position));

    /// <inheritdoc/>
    internal override long ReadAt(Span<byte> buffer, long offset) =>
        offset < 0 ? Fail.Inval : _content.Read((ulong)offset, buffer);

    /// <inheritdoc/>
    internal override long WriteAt(ReadOnlySpan<byte> buffer, long offset) => offset < 0 ? Fail.Inval
        : _content.Write((ulong)offset, buffer) is var count && count == 0 && buffer.Length != 0 ? Fail.NoSpc : count;

    /// <inheritdoc/>
    internal override long Seek(long offset, int origin)
    {
        long target =
            origin switch { 0 => offset, 1 => _position + offset, 2 => (long)_content.Length + offset, _ => -1 };
        return target < 0 ? Fail.Inval : _position = target;
    }

    /// <inheritdoc/>
    internal override long SetLength(long length)
    {
        if (length < 0)
        {
            return Fail.Inval;
        }

        _content.SetLength((ulong)length);
        return 0;
    }

    /// <inheritdoc/>
    internal override long Allocate(int mode, long offset, long length)
    {
        const int keepSize = 1, punchHole = 2;
        if (offset < 0 || length <= 0)
        {
            return Fail.Inval;
        }

        ulong end = (ulong)offset + (ulong)length;
        if ((mode & punchHole) != 0)
        {
            _content.Remove((ulong)offset, end);
        }
        else if ((mode & keepSize) == 0 && end > _content.Length)
        {
            _content.SetLength(end);
        }

        return 0;
    }

    /// <inheritdoc/>
    internal override long Synchronize(bool dataOnly) => 0;

    /// <inheritdoc/>
    internal override long Status(Span<byte> status)
    {
        StatusBuffer.Fill(status, StatusBuffer.SharedMode, _content.Length, _content.GetHashCode());
        return 0;
    }

    /// <inheritdoc/>
    public override Errno Map(ulong offset, ulong bytes, HostRights rights, bool shared, out HostMemoryObject? mapped)
    {
        mapped = _content;
        return Errno.None;
    }

    /// <inheritdoc/>
    protected override void Release() => _content.Drop();

    private long Moved(long count)
    {
        _position += Math.Max(0, count);
        return count;
    }
}
