using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Turns a region of guest code into machine code. This file: blocks and what leads out of the straight code; the
/// others: what is done with the instructions of one kind.
/// </summary>
/// <remarks>
/// A block begins with two checks: for attention, which only control transfers run through, and of the budget, from
/// which it takes all its instructions at once. So the budget is exact where a block is left at its end; elsewhere what
/// was not executed is known by <see cref="Site.Left"/>.
/// </remarks>
internal sealed unsafe partial class BlockTranslator(
    Emitter emitter, CodeArena arena, Stubs stubs, CodeRegion region, List<Link> links, HostFeatures features)
{
    /// <summary>
    /// Bytes of code and sites that the longest region may need: no instruction takes more than 1000.
    /// </summary>
    public const int RegionBytes = (CodeRegion.Capacity + MaximumCopied) * 1024;

    /// <summary>Length of the check for attention at the entry of a block.</summary>
    public const int CheckBytes = 10;

    private const int PageBytes = CodePage.Slots * 4;

    private readonly Emitter _e = emitter;
    private readonly List<Tail> _tails = [];
    private readonly RegisterAssignment _registers = new();
    private CodePage* _page;
    private int _offset;
    private int _blockEnd;

    /// <summary>Where what is seldom run begins, behind the blocks of the region that was translated last.</summary>
    public byte* Cold { get; private set; }

    /// <summary>Translates the collected region of <paramref name="page"/> and enters its blocks in the page.</summary>
    public void Translate(CodePage* page)
    {
        _page = page;
        _e.Position = arena.Next;
        _registers.Choose(region);
        _copied = 0;
        Array.Clear(_labels);
        PrepareCallHandler();
        PrepareRepetitions();
        for (int start = region.Start; start < region.End; start = _blockEnd)
        {
            _blockEnd = region.EndOfBlock(start);
            TranslateBlock(start);
        }

        Cold = _e.Position;
        foreach (Tail tail in _tails)
        {
            EmitTail(tail);
        }

        _tails.Clear();
        arena.Commit(_e.Position);
    }

    private void TranslateBlock(int start)
    {
        EmitEntry(start);
        ForgetVectors();
        _plan.Plan(region, start, _blockEnd);
        for (_copies = CopiesOf(start); _copies > 0; _copies--)
        {
            ForgetConstants();
            _group = NoGroup;
            EmitBody(start);
            if (_copies > 1)
            {
                EmitAgain(start);
            }
        }

        if (CodeRegion.FallsThrough(region[_blockEnd - 4].Opcode))
        {
            SaveLast();
            _vectors.WriteBack();
            LandLoopExits();
            FallThrough();
        }
    }

    private void EmitBody(int start)
    {
        _locals.Begin(start, start, 0);
        for (_offset = start; _offset < _blockEnd; _offset += 4)
        {
            ref readonly Instruction i = ref region[_offset];
            _vectors.NextInstruction();
            if (CodeRegion.EndsBlock(i.Opcode) && _copies == 1)
            {
                SaveLast();
                _vectors.WriteBack();
            }

            PrepareRegisters(i);
            if (!Constant(i) && !Inline(i))
            {
                CallHandler(i);
            }

            FinishRegisters(i);
        }

        SettleRegisters();
    }

    /// <summary>Has the shared handler execute an instruction.</summary>
    private void CallHandler(in Instruction i)
    {
        SaveLast();
        _vectors.WriteBack();
        KeepGroup();
        ExtendAll();
        LeaveGuestMode(i);
        EmitCall(NewSite(i));
        ForgetConstants();
        ForgetVectors();
    }

    private void EmitCall(Site* site)
    {
        _e.LeaNear(Reg.Rsi, site);
        _e.Call(_callHandler);
    }

    private Site* NewSite(in Instruction i)
    {
        OpcodeInfo info = i.Opcode.Info();
        var site = new Site
        {
            Instruction = i,
            Offset = (ushort)_offset,
            Left = (ushort)((_blockEnd - _offset) >> 2),
            Checks = CodeRegion.ChecksOf(info),
        };
        SinkRule.Apply(ref site.Instruction);
        return arena.Add(site);
    }

    /// <summary>
    /// The conditional jump at <paramref name="place"/> leads to the handler of the current instruction, which is
    /// executed there; see <see cref="ResumeHere"/>.
    /// </summary>
    private void AddSlowPath(byte* place, in Instruction i) =>
        _tails.Add(new(TailKind.Slow, place, _offset)
        {
            Site = (nint)NewSite(i),
            Resume = (nint)_e.Position,
            Held = _vectors.Now,
            ResumeHeld = _vectors.Now,
            Last = _last,
            Narrow = _narrow,
            Ready = _ready,
            HasGroups = !_plan.IsEmpty,
        });

    /// <summary>Where execution goes on behind the last <paramref name="paths"/> slow paths that were added.</summary>
    private void ResumeHere(int paths = 1)
    {
        for (int n = 1; n <= paths; n++)
        {
            _tails[^n] = _tails[^n] with { Resume = (nint)_e.Position, ResumeHeld = _vectors.Now };
        }
    }

    private void EmitTail(in Tail tail)
    {
        if (TryLead(tail))
        {
            return;
        }

        if (tail.Place != 0)
        {
            _e.Patch((byte*)tail.Place, _e.Position);
        }

        Extend(tail.Narrow);
        switch (tail.Kind)
        {
            case TailKind.Slow:
                EmitSlow(tail);
                break;
            case TailKind.FirstLook or TailKind.Look:
                EmitLook(tail);
                break;
            case TailKind.SecondLook:
                EmitSecondLook(tail);
                break;
            case TailKind.Begin:
                EmitBegin(tail);
                break;
            case TailKind.Interpret:
                EmitInterpretation(tail);
                break;
            case TailKind.Far:
                EmitFar(tail.Offset);
                break;
            case TailKind.GuestExit:
                EmitGuestExit(tail);
                break;
            case TailKind.LoopExit:
                EmitLoopExit(tail);
                break;
            case TailKind.Short:
                EmitSave(tail.Last);
                _vectors.EmitSpill(tail.Held);
                _e.OpImmediate(Alu.Add, Budget, tail.Code);
                LeaveRegisters();
                EmitLeave(tail.Offset, (int)Exit.Short);
                break;
            case TailKind.Leave:
                EmitSave(tail.Last);
                _vectors.EmitSpill(tail.Held);
                LeaveRegisters();
                EmitLeave(tail.Offset, tail.Code);
                break;
            case TailKind.LeaveOutside:
                EmitLeave(tail.Offset, tail.Code);
                break;
            case TailKind.Outside:
                EmitOutsideEntry(tail.Offset);
                break;
            case TailKind.LeavingEdge:
                LeaveRegisters();
                EmitLink(_e.Jump(Translated(tail.Offset)), tail.Offset, isTaken: true);
                break;
            default:
                EmitLink((byte*)tail.Place, tail.Offset, tail.Kind == TailKind.TakenEdge);
                break;
        }
    }

    private void EmitSlow(in Tail tail)
    {
        EmitSave(tail.Last);
        _vectors.EmitSpill(tail.Held);
        EmitCall((Site*)tail.Site);
        if (tail.Ready != 0)
        {
            _e.MovImmediate(Reg.Rcx, (uint)tail.Ready);
            _e.Call(stubs.Fp.Begin);
        }

        EmitRestore(tail.Last);
        _vectors.EmitReload(tail.ResumeHeld);
        if (tail.HasGroups)
        {
            _e.Op(Alu.Xor, Reg.Rsi, Reg.Rsi, Width.W32);
        }

        _ = _e.Jump((byte*)tail.Resume);
    }

    /// <summary>What is behind the blocks: code that is seldom run, and where its jump is.</summary>
    private enum TailKind : byte
    {
        /// <summary>Leaves with the tail's code.</summary>
        Leave,

        /// <summary>The same, where registers are as they are between regions.</summary>
        LeaveOutside,

        /// <summary>Comes into a block from outside of the region; nothing jumps to the tail itself.</summary>
        Outside,

        /// <summary>Gives the block's instructions (the tail's code) back to the budget and leaves.</summary>
        Short,

        /// <summary>Calls a handler and resumes.</summary>
        Slow,

        /// <summary>Looks an access up in the second way, then calls a handler, and resumes.</summary>
        SecondLook,

        /// <summary>Looks an access of a group up by itself: the first one, another one.</summary>
        FirstLook,
        Look,

        /// <summary>
        /// Makes the host's FPU compute for the guest and resumes, or has the rest of the block interpreted.
        /// </summary>
        Begin,

        /// <summary>Has the rest of the block interpreted.</summary>
        Interpret,

        /// <summary>
        /// Leaves with the tail's code, a trap that ends guest mode, or resumes outside PLV0 if the instruction is
        /// privileged.
        /// </summary>
        GuestExit,

        /// <summary>Goes on behind a block that follows itself, from one of its copies.</summary>
        LoopExit,

        /// <summary>Goes to another page.</summary>
        Far,

        /// <summary>Goes to a block of this region by a control transfer.</summary>
        Inside,

        /// <summary>
        /// Goes to another region of this page by a control transfer; registers are as between regions.
        /// </summary>
        TakenEdge,

        /// <summary>The same, where registers are as in this region.</summary>
        LeavingEdge,

        /// <summary>Goes to the following region of this page.</summary>
        FallEdge,
    }

    private readonly record struct Tail(TailKind Kind, nint Place, int Offset, int Code = 0)
    {
        public Tail(TailKind kind, byte* place, int offset, int code = 0)
            : this(kind, (nint)place, offset, code)
        {
        }

        public nint Site { get; init; }

        public nint Resume { get; init; }

        /// <summary>What the host's vector registers hold at the jump.</summary>
        public VectorCache.Snapshot Held { get; init; }

        /// <summary>What they have to hold where execution resumes.</summary>
        public VectorCache.Snapshot ResumeHeld { get; init; }

        /// <summary>The last operation of the host's FPU at the jump.</summary>
        public LastOperation Last { get; init; }

        /// <summary>Guest registers whose sign has yet to be extended at the jump.</summary>
        public uint Narrow { get; init; }

        /// <summary>Whether the block has accesses in groups.</summary>
        public bool HasGroups { get; init; }

        /// <summary>For a look: the tag, the place of a second jump, where the access is made.</summary>
        public int Tag { get; init; }

        public nint Second { get; init; }

        public nint Access { get; init; }

        /// <summary>For a group's first look: the group's tag, and where it goes on when its pages are found.</summary>
        public int GroupTag { get; init; }

        public nint Found { get; init; }

        /// <summary>Units that computing on the host's FPU was begun for.</summary>
        public int Ready { get; init; }

        /// <summary>Instructions of the block that are not executed when it is left here.</summary>
        public int Left { get; init; }
    }
}
