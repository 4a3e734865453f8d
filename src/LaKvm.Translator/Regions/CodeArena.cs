using LaKvm.Memory;

namespace LaKvm.Translator;

/// <summary>
/// The memory of one engine's translations: machine code that grows up, sites that grow down towards it, and the code
/// pages. Nothing is freed singly; when one of the two regions is full, everything is forgotten.
/// </summary>
/// <remarks>
/// Code pages are keyed by where the guest's code is in host memory, and machine code knows only its offset in the
/// page, so neither depends on virtual addresses or on the mode.
/// </remarks>
internal sealed unsafe class CodeArena : IDisposable
{
    private readonly CodeMapping _code;
    private readonly HostMapping _tables;
    private readonly Dictionary<nint, nint> _pages = [];
    private readonly List<nint> _ends = [];
    private readonly Dictionary<(ulong, ulong), nint> _constants = [];
    private readonly int _capacity;
    private byte* _floor;
    private Site* _sites;

    /// <summary>
    /// Reserves <paramref name="bytes"/> bytes for code and as much for code pages; <paramref name="protect"/> keeps
    /// what is executed from being written.
    /// </summary>
    public CodeArena(ulong bytes, bool protect)
    {
        _code = new CodeMapping(bytes, twice: protect);
        _tables = new HostMapping(bytes, hugePages: true);
        _capacity = (int)(bytes / CodePage.TotalBytes);
        _floor = _code.Pointer;
    }

    /// <summary>First byte of the code.</summary>
    public byte* Start => _code.Pointer;

    /// <summary>Where a byte of code, site or constant is written, minus its address.</summary>
    public nint WriteOffset => _code.WriteOffset;

    /// <summary>Where code may be written next.</summary>
    public byte* Next { get; private set; }

    /// <summary>Target of the entries of what is not translated.</summary>
    public byte* Resolve { get; private set; }

    /// <summary>How often everything was forgotten.</summary>
    public int Flushes { get; private set; }

    /// <summary>Keeps the code below <paramref name="end"/> for good and makes the rest ready for use.</summary>
    public void Seal(byte* end, byte* resolve)
    {
        _floor = end;
        Resolve = resolve;
        Flush();
    }

    /// <summary>Whether <paramref name="bytes"/> bytes of code and sites fit.</summary>
    public bool HasRoom(int bytes) => (byte*)_sites - Next >= bytes;

    /// <summary>Makes what was written up to <paramref name="end"/> part of the code.</summary>
    public void Commit(byte* end)
    {
        Next = end;
        _ends.Add((nint)end);
    }

    /// <summary>Where the region ends that holds <paramref name="code"/>.</summary>
    public byte* EndOfRegion(byte* code)
    {
        int found = _ends.BinarySearch((nint)code + 1);
        return (byte*)_ends[found < 0 ? ~found : found];
    }

    /// <summary>Adds a site, near the code.</summary>
    public Site* Add(in Site site)
    {
        _sites--;
        *(Site*)((byte*)_sites + WriteOffset) = site;
        return _sites;
    }

    /// <summary>
    /// Memory near the code that holds 128 bits twice, on a boundary of 32 bytes. How much that can take counts in
    /// <see cref="HasRoom"/> as the instruction's code does.
    /// </summary>
    public nint Constant(ulong low, ulong high)
    {
        if (!_constants.TryGetValue((low, high), out nint place))
        {
            const int bytes = 32;
            place = ((nint)_sites - bytes) & -bytes;
            _sites = (Site*)place;
            var words = (ulong*)(place + WriteOffset);
            (words[0], words[1], words[2], words[3]) = (low, high, low, high);
            _constants.Add((low, high), place);
        }

        return place;
    }

    /// <summary>The code page of the memory at <paramref name="host"/>, or null.</summary>
    public CodePage* Find(byte* host) => _pages.TryGetValue((nint)host, out nint page) ? (CodePage*)page : null;

    /// <summary>Adds the code page of a memory page; null if there is no room left.</summary>
    public CodePage* Add(byte* host, ulong physical)
    {
        if (_pages.Count == _capacity)
        {
            return null;
        }

        var page = (CodePage*)(_tables.Pointer + ((nint)_pages.Count * CodePage.TotalBytes));
        CodePage.Reset(page, Resolve);
        page->Host = host;
        page->Physical = physical;
        _pages.Add((nint)host, (nint)page);
        return page;
    }

    /// <summary>Forgets all code, sites and code pages.</summary>
    public void Flush()
    {
        _pages.Clear();
        _ends.Clear();
        _constants.Clear();
        Flushes++;
        Next = _floor;
        _sites = (Site*)(_code.Pointer + _code.Size);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _code.Dispose();
        _tables.Dispose();
    }
}
