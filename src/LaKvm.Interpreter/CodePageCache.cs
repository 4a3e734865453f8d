using System.Runtime.CompilerServices;
using LaKvm.Memory;

namespace LaKvm.Interpreter;

/// <summary>
/// The code pages of one core, by host address of the page. Bounded: when the arena is full, all pages are forgotten.
/// </summary>
/// <remarks>
/// Being keyed by where the code is, not by virtual address, it needs no flush when translations change: the software
/// TLB says which page a PC leads to.
/// </remarks>
internal sealed unsafe class CodePageCache : IDisposable
{
    /// <summary>Entries of the direct-mapped table in front of the dictionary; a power of two.</summary>
    private const int RecentEntries = 1024;

    private readonly HostMapping _arena;
    private readonly HostMapping _recent = new((ulong)(RecentEntries * sizeof(Recent)));
    private readonly Dictionary<nint, nint> _pages;
    private readonly int _capacity;

    /// <summary>Creates a cache that holds at most <paramref name="bytes"/> bytes of decoded instructions.</summary>
    public CodePageCache(ulong bytes)
    {
        _arena = new HostMapping(bytes);
        _capacity = (int)(bytes / CodePage.TotalBytes);
        _pages = new Dictionary<nint, nint>(_capacity);
    }

    /// <summary>
    /// The page whose memory begins at <paramref name="host"/> if it has been used lately, else null.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CodePage* FindRecent(byte* host)
    {
        Recent* entry = EntryOf(host);
        return entry->Host == host ? entry->Page : null;
    }

    /// <summary>The page whose memory begins at <paramref name="host"/>, or null.</summary>
    public CodePage* Find(byte* host) => _pages.TryGetValue((nint)host, out nint page) ? (CodePage*)page : null;

    /// <summary>
    /// The page whose memory begins at <paramref name="host"/>, created if need be; then all others may be gone
    /// (<paramref name="flushed"/>).
    /// </summary>
    public CodePage* Get(byte* host, ulong physical, out bool flushed)
    {
        flushed = false;
        CodePage* page = Find(host);
        if (page == null)
        {
            flushed = _pages.Count == _capacity;
            if (flushed)
            {
                Flush();
            }

            page = (CodePage*)(_arena.Pointer + ((nint)_pages.Count * CodePage.TotalBytes));
            Reset(page);
            page->Host = host;
            page->Physical = physical;
            CodePage.End(page)->Action = SlotAction.PageEnd;
            _pages.Add((nint)host, (nint)page);
        }

        *EntryOf(host) = new Recent { Host = host, Page = page };
        return page;
    }

    /// <summary>
    /// Forgets the instructions of a page. Its slots stay where they are and keep their operands: the handler of one of
    /// them may be under way.
    /// </summary>
    public static void Reset(CodePage* page)
    {
        page->Announced = false;
        CodeSlot* end = CodePage.End(page);
        for (CodeSlot* slot = CodePage.First(page); slot < end; slot++)
        {
            slot->Action = SlotAction.Decode;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _arena.Dispose();
        _recent.Dispose();
    }

    /// <summary>Forgets all pages.</summary>
    public void Flush()
    {
        _pages.Clear();
        Unsafe.InitBlock(_recent.Pointer, 0, (uint)(RecentEntries * sizeof(Recent)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Recent* EntryOf(byte* host) => (Recent*)_recent.Pointer + (((nuint)host >> 12) & (RecentEntries - 1));

    private struct Recent
    {
        public byte* Host;
        public CodePage* Page;
    }
}
