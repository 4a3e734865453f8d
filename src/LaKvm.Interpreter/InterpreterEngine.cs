using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Interpreter;

/// <summary>
/// The reference engine: executes decoded instructions one by one. One instance per core; the run call and the code
/// cache's notifications belong to the core's thread.
/// </summary>
/// <remarks>
/// The budget is counted by position: <c>_deadline</c> is the slot at which it would be used up if execution went
/// straight on, so only control transfers touch it, and the rest is always (deadline - slot). An instruction that
/// raises an exception counts as one executed, and so does a fetch that fails: no run is endless.
/// </remarks>
public sealed unsafe partial class InterpreterEngine : IExecutionEngine, ICodeCache, IDisposable
{
    /// <summary>Default limit of the memory for decoded instructions: 16 MiB of guest code.</summary>
    public const ulong DefaultCacheBytes = 64UL << 20;

    /// <summary>Budget granted at once, in instructions: keeps the deadline inside the address space.</summary>
    private const long MaximumGrant = 1L << 40;

    private const byte FpBit = 1, LsxBit = 2, LasxBit = 4;

    private readonly Core _core;
    private readonly CpuState* _state;
    private readonly delegate*<Core, CpuState*, Instruction*, Trap>* _handlers;
    private readonly CodePageCache _pages;

    /// <summary>
    /// Page that is executed, its first slot behind the end, and what turns a slot address / 4 into a PC.
    /// </summary>
    private CodePage* _page;
    private CodeSlot* _end;
    private ulong _bias;

    /// <summary>Next slot, and the slot at which the budget is used up.</summary>
    private CodeSlot* _next;
    private byte* _deadline;

    /// <summary>Instructions granted since the budget was last settled.</summary>
    private long _granted;

    /// <summary>The slot turned into <see cref="SlotAction.Stop"/>, or null, and its own action.</summary>
    private CodeSlot* _stop;
    private SlotAction _stoppedAction;

    /// <summary>Word of the instruction that trapped.</summary>
    private uint _word;

    /// <summary>Whether branches are left to their handlers, which count them.</summary>
    private bool _countsBranches;

    /// <summary>Creates the engine of <paramref name="core"/> and makes it the core's code cache.</summary>
    public InterpreterEngine(Core core, ulong cacheBytes = DefaultCacheBytes)
    {
        _core = core;
        _state = core.State;
        _handlers = HandlerTable.Shared.Handlers;
        _pages = new CodePageCache(cacheBytes);
        core.CodeCache = this;
    }

    /// <inheritdoc/>
    public RunExit Run(long budget)
    {
        CpuState* s = _state;
        s->Budget = budget;
        while (true)
        {
            if (Volatile.Read(ref s->Attention) != 0 && _core.HandleAttention() == Trap.Leave)
            {
                return _core.PendingExit;
            }

            if (s->Budget <= 0)
            {
                return RunExit.Budget;
            }

            Trap trap = EnterPage(s->Pc);
            _word = 0;
            _granted = Math.Min(s->Budget, MaximumGrant);
            if (trap == Trap.None && _next->Action == SlotAction.Stop && !PassStop())
            {
                return _core.PendingExit;
            }

            if (trap == Trap.None)
            {
                _deadline = (byte*)(_next + _granted);
                SetStop();
                trap = Execute();
                ClearStop();
            }
            else
            {
                Settle(_granted - 1);
            }

            if (trap is not (Trap.None or Trap.Refetch or Trap.Leave))
            {
                trap = _core.RaiseException(trap, _word);
            }

            if (trap == Trap.Leave)
            {
                return _core.PendingExit;
            }
        }
    }

    /// <inheritdoc/>
    public bool CountsAtOnce => false;

    /// <inheritdoc/>
    public void InvalidatePage(ulong physicalPage)
    {
        byte* host = _core.Memory.Pointer(physicalPage & ~0xFFFUL);
        CodePage* page = host == null ? null : _pages.Find(host);
        if (page == null)
        {
            return;
        }

        CodePageCache.Reset(page);
        if (_stop >= CodePage.First(page) && _stop < CodePage.End(page))
        {
            _stop->Action = SlotAction.Stop;
            _stoppedAction = SlotAction.Decode;
        }
    }

    /// <inheritdoc/>
    public void CountBranches(bool counts)
    {
        _countsBranches = counts;
        _pages.Flush();
    }

    /// <summary>Frees the decoded instructions; the engine must not run any more.</summary>
    public void Dispose() => _pages.Dispose();

    /// <summary>Makes the page of <paramref name="pc"/> the current one and its slot the next.</summary>
    private Trap EnterPage(ulong pc)
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(_state, pc);
        CodePage* page = null;
        if ((pc & (~0xFFFUL | 3)) == entry->ExecuteTag)
        {
            page = _pages.FindRecent((byte*)(((nint)pc + entry->Addend) & ~0xFFF));
        }

        if (page == null)
        {
            Trap trap = FindPage(pc, out page);
            if (trap != Trap.None)
            {
                return trap;
            }
        }

        _page = page;
        _end = CodePage.End(page);
        _bias = (pc & ~0xFFFUL) - ((ulong)CodePage.First(page) >> 2);
        _next = (CodeSlot*)((pc - _bias) << 2);
        if (_core.Debug.HasBreakpoints)
        {
            MarkBreakpoints(pc);
        }

        return Trap.None;
    }

    /// <summary>
    /// Makes the loop stop at the breakpoints of the page that is entered at <paramref name="pc"/>. The mark is in the
    /// decoded page, which may be in other places of the address space, too.
    /// </summary>
    private void MarkBreakpoints(ulong pc)
    {
        foreach (ushort offset in _core.Debug.BreakpointsOnPage(pc))
        {
            (CodePage.First(_page) + (offset >> 2))->Action = SlotAction.Stop;
        }
    }

    /// <summary>
    /// At a stop that is not the budget's end: whether execution goes on. If the breakpoint is not at this address, or
    /// there no longer is one, the mark goes; the next entry of a page that has it brings it back.
    /// </summary>
    private bool PassStop()
    {
        if (_core.Debug.BreakAtPc() == Trap.Leave)
        {
            return false;
        }

        _next->Action = SlotAction.Decode;
        _granted = 1;
        return true;
    }

    /// <summary>Translates <paramref name="pc"/> and finds or makes its page.</summary>
    private Trap FindPage(ulong pc, out CodePage* page)
    {
        page = null;
        byte* pointer = null;
        ulong physical = 0;
        if ((pc & 3) == 0)
        {
            Trap trap = _core.TranslateFetch(pc, out pointer, out physical);
            if (trap != Trap.None)
            {
                return trap;
            }
        }

        if (pointer == null)
        {
            // Misaligned, or not RAM: this machine has no code in devices.
            _state->TrapAddress = pc;
            return Trap.Adef;
        }

        page = _pages.Get((byte*)((nint)pointer & ~0xFFF), physical & ~0xFFFUL, out bool flushed);
        if (flushed)
        {
            _stop = null;
        }

        return Trap.None;
    }

    /// <summary>Decodes the slot that the loop has come to.</summary>
    private void DecodeSlot(CodeSlot* slot)
    {
        CodePage* page = _page;
        if (!page->Announced)
        {
            // Before the word is read: a store from now on is reported.
            _core.CodePageAdded(page->Physical);
            page->Announced = true;
        }

        int index = (int)(slot - CodePage.First(page));
        uint word = Volatile.Read(ref *((uint*)page->Host + index));
        *slot = Predecoder.Decode(word, index, La464.SupportedUnits, _countsBranches);
    }

    /// <summary>
    /// Accounts for what was executed, with <paramref name="left"/> of the granted instructions left.
    /// </summary>
    private void Settle(long left)
    {
        long executed = _granted - left;
        _granted = left;
        _state->Retired += (ulong)executed;
        _state->Budget -= executed;
    }

    /// <summary>Puts a stop where the budget ends in this page, so that straight code never passes it.</summary>
    private void SetStop()
    {
        if (_deadline < (byte*)_end)
        {
            _stop = (CodeSlot*)_deadline;
            _stoppedAction = _stop->Action;
            _stop->Action = SlotAction.Stop;
        }
    }

    private void ClearStop()
    {
        if (_stop != null)
        {
            _stop->Action = _stoppedAction;
            _stop = null;
        }
    }
}
