using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// Pages that the hypervisor shares with user space. A program on the machine maps them as it maps any page, a VMM in
/// this .NET process sees them by pointer. They are not <see cref="HostPages"/>: nobody counts references to them.
/// </summary>
internal sealed unsafe class SharedPages
{
    private const ulong Size = 512UL << 20;

    private readonly Lock _lock = new();
    private readonly SharedMemory _memory;
    private readonly ulong _base;
    private readonly ulong _pageSize;

    /// <summary>Runs in use, in order of address: offset and bytes.</summary>
    private readonly SortedList<ulong, ulong> _used = [];

    private SharedPages(SharedMemory memory, ulong physicalAddress, ulong pageSize) =>
        (_memory, _base, _pageSize) = (memory, physicalAddress, pageSize);

    /// <summary>Makes pages a part of a machine's physical memory, with which they go.</summary>
    internal static SharedPages AddTo(PhysicalMemory memory, ulong physicalAddress, ulong pageSize)
    {
        var shared = new SharedMemory(Size);
        memory.Add(physicalAddress, shared);
        return new SharedPages(shared, physicalAddress, pageSize);
    }

    /// <summary>Takes contiguous zero pages.</summary>
    /// <exception cref="MemoryExhaustedException">There are none left.</exception>
    internal SharedPageRun Allocate(ulong bytes)
    {
        ulong size = (bytes + _pageSize - 1) & ~(_pageSize - 1), at = 0;
        lock (_lock)
        {
            foreach ((ulong start, ulong length) in _used)
            {
                if (start - at >= size)
                {
                    break;
                }

                at = start + length;
            }

            if (at + size > Size)
            {
                throw new MemoryExhaustedException("The machine has no pages left to share with user space.");
            }

            _used.Add(at, size);
        }

        return new SharedPageRun(this, _memory, at, size, _base + at);
    }

    internal void Free(ulong offset, ulong size)
    {
        _memory.Clear(offset, size);
        lock (_lock)
        {
            _used.Remove(offset);
        }
    }
}

/// <summary>Contiguous pages that the hypervisor shares with user space.</summary>
internal sealed unsafe class SharedPageRun : IDisposable
{
    private readonly SharedPages _pages;
    private readonly SharedMemory _memory;
    private readonly ulong _offset;
    private int _freed;

    internal SharedPageRun(SharedPages pages, SharedMemory memory, ulong offset, ulong size, ulong physical)
    {
        (_pages, _memory, _offset) = (pages, memory, offset);
        (Size, Physical) = (size, physical);
    }

    /// <summary>Bytes.</summary>
    internal ulong Size { get; }

    /// <summary>Physical address of the first page.</summary>
    internal ulong Physical { get; }

    /// <summary>The first byte in this .NET process.</summary>
    internal byte* Pointer => _memory.Pointer + _offset;

    /// <summary>Makes a part visible at reserved addresses of this .NET process too.</summary>
    /// <exception cref="MemoryExhaustedException">The host refuses.</exception>
    internal void ShowAt(byte* address, ulong offset, ulong size) => _memory.ShowAt(address, _offset + offset, size);

    /// <summary>Gives the pages back; nobody maps them any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _freed, 1) == 0)
        {
            _pages.Free(_offset, Size);
        }
    }
}
