using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// The fast engine: translates guest code to x86-64 machine code, which does exactly what the interpreter does
/// (docs/translator.md). One instance per core; the run call and the notifications belong to the core's thread.
/// </summary>
public sealed unsafe partial class TranslatorEngine : IExecutionEngine, ICodeCache, ICodeListing, IDisposable
{
    private readonly Core _core;
    private readonly CpuState* _state;
    private readonly delegate*<Core, CpuState*, Instruction*, Trap>* _handlers;
    private readonly CodeArena _arena;
    private readonly CodeRegion _region;
    private readonly IrRegion _ir = new();
    private readonly PassPipeline _passes;
#pragma warning disable CA1859 // the engine is to know no more of its back end than any has
    private readonly IBackEnd _backEnd;
#pragma warning restore CA1859
    private readonly BreakpointEntries _breakpoints;
    private readonly List<Link> _links = [];
    private readonly int _warmCount;

    /// <summary>
    /// Handle by which machine code names this engine to <see cref="ExecuteSite(nint, Site*, long)"/>.
    /// </summary>
    private GCHandle _self;

    /// <summary>The link by which translated code was left last, until its target has been found.</summary>
    private Link? _link;

    /// <summary>What came out of a handler.</summary>
    private ExceptionDispatchInfo? _failure;

    /// <summary>Creates the engine of <paramref name="core"/> and makes it the core's code cache.</summary>
    /// <exception cref="PlatformNotSupportedException">The host is not an x86-64.</exception>
    public TranslatorEngine(Core core, TranslatorOptions? options = null)
    {
        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("The translator makes x86-64 code.");
        }

        options ??= new TranslatorOptions();
        _core = core;
        _state = core.State;
        _handlers = HandlerTable.Shared.Handlers;
        _warmCount = options.WarmCount;
        _arena = new CodeArena(options.ArenaBytes, options.ProtectCode);
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _region = new CodeRegion(La464.SupportedUnits, options.MaximumBlock);
        delegate* unmanaged<nint, Site*, long, int> executeSite = &ExecuteSite;
        var backEnd = new X64BackEnd(
            _arena, _region, _ir, _links, options.Features, GCHandle.ToIntPtr(_self), executeSite);
        _backEnd = backEnd;
        _passes = new PassPipeline(_ir, backEnd);
        _breakpoints = new BreakpointEntries(core, _arena, backEnd.Breakpoint);
        core.CodeCache = this;
    }

    /// <summary>Whether this host can run what the translator makes.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Regions translated since the engine was made.</summary>
    public long Translations { get; private set; }

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

            Trap trap = Execute();
            if (trap is not (Trap.None or Trap.Refetch or Trap.Leave))
            {
                trap = _core.RaiseException(trap, (uint)s->TrapWord);
            }

            if (trap == Trap.Leave)
            {
                return _core.PendingExit;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Jumps between blocks stay in the page, so nothing leads into code that the page's entries do not lead to; and
    /// machine code is not running: the core reads its mail between two of its runs.
    /// </remarks>
    public void InvalidatePage(ulong physicalPage)
    {
        byte* host = _core.Memory.Pointer(physicalPage & ~0xFFFUL);
        CodePage* page = host == null ? null : _arena.Find(host);
        if (page != null && page->Announced)
        {
            _breakpoints.Reset(page);
        }
    }

    /// <inheritdoc/>
    public void CountBranches(bool counts)
    {
        _ir.CountsBranches = counts;
        Flush();
    }

    /// <inheritdoc/>
    /// <remarks>The region's code is taken to end where that of the next one begins.</remarks>
    public ReadOnlySpan<byte> CodeAt(ulong pc)
    {
        if (FindPage(pc, out CodePage* page) != Trap.None)
        {
            return [];
        }

        byte* entry = *CodePage.Entry(page, (int)pc & 0xFFC);
        bool isTranslated = entry != _arena.Resolve && entry != _backEnd.Breakpoint;
        byte* end = isTranslated ? _arena.EndOfRegion(entry) : entry;
        return new(entry, (int)(end - entry));
    }

    /// <summary>Frees the translations; the engine must not run any more.</summary>
    public void Dispose()
    {
        _arena.Dispose();
        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    /// <summary>
    /// Executes until something needs the run call: a trap (returned, with the state of the instruction in place), or
    /// <see cref="Trap.None"/> at a control transfer or when the budget is used up. Only the run call looks for
    /// attention.
    /// </summary>
    private Trap Execute()
    {
        CpuState* s = _state;
        int code = (int)Exit.Jump;
        do
        {
            s->TrapWord = 0;
            Trap trap = FindPage(s->Pc, out CodePage* page);
            if (trap != Trap.None)
            {
                Count(1);
                return trap;
            }

            bool isTaken = code == (int)Exit.Jump;
            byte* entry = null;
            if (code != (int)Exit.Short && !FindEntry(page, (int)s->Pc & 0xFFC, isTaken, out entry))
            {
                return Trap.None;
            }

            if (entry == _backEnd.Breakpoint)
            {
                if (_core.Debug.BreakAtPc() == Trap.Leave)
                {
                    return Trap.Leave;
                }

                entry = null;
            }

            code = entry == null ? Step(page) : Enter(entry, isTaken);
            if (code <= (int)Exit.FirstLink)
            {
                code = TakeLink(code);
            }
        }
        while (code is (int)Exit.FallThrough or (int)Exit.Short && s->Budget > 0);

        if (code == (int)Exit.Failure)
        {
            _failure!.Throw();
        }

        return code < 0 ? Trap.None : (Trap)code;
    }

    private int Enter(byte* entry, bool isTaken)
    {
        _state->Pc &= ~0xFFFUL;
        return _backEnd.Enter(_state, entry, isTaken);
    }

    /// <summary>Remembers the link, and says how it continues.</summary>
    private int TakeLink(int code)
    {
        Link link = _links[(int)Exit.FirstLink - code];
        _link = link;
        return (int)(link.IsTaken ? Exit.Jump : Exit.FallThrough);
    }

    /// <summary>
    /// Machine code for the instruction at <paramref name="offset"/>: null while it is to be interpreted, the stub for
    /// breakpoints where one may be. False if attention must be looked for first.
    /// </summary>
    private bool FindEntry(CodePage* page, int offset, bool isTaken, out byte* entry)
    {
        entry = *CodePage.Entry(page, offset);
        if (entry == _backEnd.Breakpoint)
        {
            return true;
        }

        if (entry == _arena.Resolve)
        {
            entry = null;
            byte* count = CodePage.Count(page, offset);
            if (*count < _warmCount)
            {
                (*count)++;
                return true;
            }

            if (!page->Announced)
            {
                // Stores to a page must be known of before its words are read. The core's mail about that is read where
                // attention is looked for, so the page's first translation begins at a control transfer.
                if (isTaken)
                {
                    page->Announced = true;
                    _core.CodePageAdded(page->Physical);
                }

                return !isTaken;
            }

            if (!_arena.HasRoom(_backEnd.RegionBytes))
            {
                Flush();
                return false;
            }

            entry = Translate(page, offset);
        }

        if (_link is Link link && link.Page == (nint)page && link.Target == offset)
        {
            _backEnd.Lead(link, entry);
            _link = null;
        }

        return true;
    }

    private byte* Translate(CodePage* page, int offset)
    {
        ICoreObserver? observer = _core.Debug.Observer is { SeesTranslations: true } seeing ? seeing : null;
        ulong pc = _state->Pc;
        byte* code = _arena.Next;
        _passes.Trace = observer == null ? null : (stage, text) => observer.Translated(_core, pc, stage, text);
        _region.Collect(page, offset, _arena.Resolve);
        _passes.Run(_region);
        _backEnd.Emit(page);
        observer?.Translated(_core, pc, "machine code", IrPrinter.Print(code, _arena.Next));
        Translations++;
        return *CodePage.Entry(page, offset);
    }

    private void Flush()
    {
        _arena.Flush();
        _core.ClearEngineWords();
        _links.Clear();
        _breakpoints.Clear();
        _link = null;
    }

    /// <summary>Finds or makes the code page of an instruction's address.</summary>
    private Trap FindPage(ulong pc, out CodePage* page)
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(_state, pc);
        if ((pc & (~0xFFFUL | 3)) == entry->ExecuteTag)
        {
            page = (CodePage*)*Core.EngineWord(_state, pc);
            if (page != null)
            {
                return Trap.None;
            }
        }

        return FindPageSlow(pc, out page);
    }

    private Trap FindPageSlow(ulong pc, out CodePage* page)
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

        var host = (byte*)((nint)pointer & ~0xFFF);
        page = _arena.Find(host);
        if (page == null)
        {
            page = _arena.Add(host, physical & ~0xFFFUL);
            if (page == null)
            {
                Flush();
                page = _arena.Add(host, physical & ~0xFFFUL);
            }
        }

        *Core.EngineWord(_state, pc) = (nint)page;
        _breakpoints.Mark(page, pc);
        return Trap.None;
    }
}
