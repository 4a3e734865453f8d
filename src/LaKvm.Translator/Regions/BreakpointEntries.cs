using LaKvm.Cpu;

namespace LaKvm.Translator;

/// <summary>
/// Marks the instructions that have breakpoints: their entries lead to <see cref="IBackEnd.Breakpoint"/>, so regions
/// end before them, and whatever comes to one leaves machine code. Translated code needs no check, and pages without
/// breakpoints are as ever.
/// </summary>
internal sealed unsafe class BreakpointEntries(Core core, CodeArena arena, byte* breakpoint)
{
    private readonly List<nint> _pages = [];
    private int _version;

    /// <summary>Whether an instruction is marked: the breakpoint may be of another virtual address.</summary>
    public bool IsMarked(CodePage* page, int offset) => *CodePage.Entry(page, offset) == breakpoint;

    /// <summary>
    /// To be called when a page is found by its address <paramref name="pc"/> for the first time, or for the first time
    /// since the breakpoints have changed: forgets what is translated of it if that knows nothing of a breakpoint.
    /// </summary>
    public void Mark(CodePage* page, ulong pc)
    {
        if (_version != core.Debug.Version)
        {
            Unmark();
            _version = core.Debug.Version;
        }

        foreach (ushort offset in core.Debug.BreakpointsOnPage(pc))
        {
            if (!IsMarked(page, offset & ~3))
            {
                Add(page, offset & ~3);
            }
        }
    }

    /// <summary>Forgets what is translated of a page, but not where its breakpoints are.</summary>
    public void Reset(CodePage* page)
    {
        if (!_pages.Contains((nint)page))
        {
            CodePage.Reset(page, arena.Resolve);
            return;
        }

        page->Announced = false;
        foreach (ref nint entry in new Span<nint>(CodePage.Entry(page, 0), CodePage.Slots))
        {
            entry = entry == (nint)breakpoint ? entry : (nint)arena.Resolve;
        }
    }

    /// <summary>The code pages are gone.</summary>
    public void Clear() => _pages.Clear();

    private void Add(CodePage* page, int offset)
    {
        if (!_pages.Contains((nint)page))
        {
            CodePage.Reset(page, arena.Resolve);
            _pages.Add((nint)page);
        }

        Reset(page);
        *CodePage.Entry(page, offset) = breakpoint;
    }

    private void Unmark()
    {
        foreach (nint page in _pages)
        {
            CodePage.Reset((CodePage*)page, arena.Resolve);
        }

        _pages.Clear();
    }
}
