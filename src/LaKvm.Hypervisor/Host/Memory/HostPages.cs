using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// The host kernel's page allocator: hands out pages of one RAM block of the host physical address space, single
/// or contiguous, zero-filled, and counts the references to each. All methods may be called by any thread.
/// </summary>
public sealed unsafe class HostPages
{
    /// <summary>log2 of the default page size: 16 KiB, Linux's default on LoongArch.</summary>
    public const int DefaultPageShift = 14;

    /// <summary>Bytes of a page of the default size.</summary>
    public const ulong DefaultPageSize = 1UL << DefaultPageShift;

    /// <summary>Bytes of a huge page where pages have the default size: 32 MiB.</summary>
    public const ulong DefaultHugeSize = 1UL << (DefaultPageShift + DefaultPageShift - 3);

    private readonly Lock _lock = new();
    private readonly PhysicalMemory _memory;
    private readonly ulong _base;
    private readonly int[] _references;
    private readonly bool[] _used;

    /// <summary>Free extents in order of address, as page indices [Start, End).</summary>
    private readonly List<(int Start, int End)> _free = [];

    /// <summary>
    /// Manages a RAM block by pages of the size that the tables of <paramref name="geometry"/> map; the first page is
    /// kept back so that no page has address 0.
    /// </summary>
    public HostPages(PhysicalMemory memory, RamBlock block, GpaTableGeometry geometry)
    {
        Geometry = geometry;
        PageShift = geometry.PageShift;
        _memory = memory;
        _base = block.Base;
        int count = checked((int)(block.Size >> PageShift));
        _references = new int[count];
        _used = new bool[count];
        _free.Add((block.Base == 0 ? 1 : 0, count));
    }

    /// <summary>Shape of the page tables of this host.</summary>
    public GpaTableGeometry Geometry { get; }

    /// <summary>log2 of the page size.</summary>
    public int PageShift { get; }

    /// <summary>Bytes of a page.</summary>
    public ulong PageSize => 1UL << PageShift;

    /// <summary>Bytes of a huge page, which one level-1 entry maps.</summary>
    public ulong HugeSize => 1UL << (PageShift + PageShift - 3);

    /// <summary>The host physical address space.</summary>
    public PhysicalMemory Memory => _memory;

    /// <summary>Bytes of all pages.</summary>
    public ulong TotalBytes => (ulong)_references.Length << PageShift;

    /// <summary>Pages not in use.</summary>
    public int FreePages
    {
        get
        {
            lock (_lock)
            {
                return _free.Sum(e => e.End - e.Start);
            }
        }
    }

    /// <summary>Takes one page with one reference. Returns its physical address, or 0 if none is left.</summary>
    public ulong Allocate()
    {
        lock (_lock)
        {
            if (_free.Count == 0)
            {
                return 0;
            }

            // Single pages come from the top, so that contiguous runs find room at the bottom.
            (int start, int end) = _free[^1];
            TrimExtent(_free.Count - 1, start, end - 1);
            return Hand(end - 1);
        }
    }

    /// <summary>
    /// Takes <paramref name="bytes"/> (rounded up to pages) of contiguous memory aligned to
    /// <paramref name="alignment"/>, one reference on each page. Returns the first address, or 0.
    /// </summary>
    public ulong AllocateContiguous(ulong bytes, ulong alignment)
    {
        int count = checked((int)((bytes + PageSize - 1) >> PageShift));
        lock (_lock)
        {
            for (int i = 0; i < _free.Count; i++)
            {
                (int start, int end) = _free[i];
                ulong aligned = (Address(start) + alignment - 1) & ~(alignment - 1);
                int first = (int)((aligned - _base) >> PageShift);
                if (first + count <= end)
                {
                    TrimExtent(i, start, first);
                    Release(first + count, end);
                    for (int page = first; page < first + count; page++)
                    {
                        Hand(page);
                    }

                    return aligned;
                }
            }
        }

        return 0;
    }

    /// <summary>Host address of a physical address inside the block.</summary>
    public byte* Pointer(ulong physicalAddress) => _memory.Pointer(physicalAddress);

    /// <summary>Whether the physical address is RAM that this allocator manages (Linux: pfn_valid).</summary>
    public bool IsRam(ulong physicalAddress) => (physicalAddress - _base) >> PageShift < (ulong)_references.Length;

    /// <summary>References to the page of a physical address.</summary>
    public int References(ulong physicalAddress) => Volatile.Read(ref _references[Index(physicalAddress)]);

    /// <summary>Adds a reference.</summary>
    public void Get(ulong physicalAddress) => Interlocked.Increment(ref _references[Index(physicalAddress)]);

    /// <summary>
    /// Adds a reference to a page that may have been freed meanwhile: false if it was. The caller then still has to see
    /// whether it is the page it meant.
    /// </summary>
    public bool TryGet(ulong physicalAddress)
    {
        ref int references = ref _references[Index(physicalAddress)];
        int count = Volatile.Read(ref references);
        while (count > 0)
        {
            int seen = Interlocked.CompareExchange(ref references, count + 1, count);
            if (seen == count)
            {
                return true;
            }

            count = seen;
        }

        return false;
    }

    /// <summary>Drops a reference; the last one frees the page.</summary>
    public void Put(ulong physicalAddress)
    {
        int page = Index(physicalAddress);
        if (Interlocked.Decrement(ref _references[page]) == 0)
        {
            lock (_lock)
            {
                Release(page, page + 1);
            }
        }
    }

    private ulong Address(int page) => _base + ((ulong)page << PageShift);

    private int Index(ulong physicalAddress) => (int)((physicalAddress - _base) >> PageShift);

    private ulong Hand(int page)
    {
        ulong address = Address(page);
        if (_used[page])
        {
            new Span<byte>(Pointer(address), (int)PageSize).Clear();
            _memory.Written(address, PageSize);
        }

        _used[page] = true;
        Volatile.Write(ref _references[page], 1);
        return address;
    }

    private void TrimExtent(int index, int start, int end)
    {
        if (start == end)
        {
            _free.RemoveAt(index);
        }
        else
        {
            _free[index] = (start, end);
        }
    }

    private void Release(int start, int end)
    {
        if (start == end)
        {
            return;
        }

        int at = _free.BinarySearch((start, end));
        at = at < 0 ? ~at : at;
        if (at < _free.Count && _free[at].Start == end)
        {
            end = _free[at].End;
            _free.RemoveAt(at);
        }

        if (at > 0 && _free[at - 1].End == start)
        {
            _free[at - 1] = (_free[at - 1].Start, end);
        }
        else
        {
            _free.Insert(at, (start, end));
        }
    }
}
