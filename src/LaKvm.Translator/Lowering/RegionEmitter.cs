using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Turns the intermediate form of a region into machine code, block by block.</summary>
/// <remarks>
/// A block begins with two checks: for attention, which only control transfers run through, and of the budget, from
/// which it takes all its instructions at once. So the budget is exact where a block is left at its end; elsewhere what
/// was not executed is known by <see cref="Site.Left"/>.
/// </remarks>
internal sealed unsafe class RegionEmitter
{
    /// <summary>
    /// Bytes of code and sites that the longest region may need: no instruction takes more than 1000.
    /// </summary>
    public const int RegionBytes = (CodeRegion.Capacity + LoopPass.MaximumCopied) * 1024;

    private readonly EmitContext _context;
    private readonly Emitter _e;
    private readonly Edges _edges;
    private readonly Entries _entries;
    private readonly Jumps _jumps;
    private readonly LoopCopies _loops;
    private readonly Repetitions _repetitions;
    private readonly LastOperations _last;
    private readonly StretchRegisters _stretches;
    private readonly InstructionEmitter _instructions;
    private readonly TailEmitter _tails;

    /// <summary>Puts the parts together.</summary>
    public RegionEmitter(EmitContext context)
    {
        var registers = new GuestRegisters(context);
        var conversions = new FpConversions(context);
        var operations = new FpOperations(context, conversions);
        _context = context;
        _e = context.Emitter;
        _edges = new(context);
        _entries = new(context, _edges);
        _repetitions = new(context, operations);
        _last = new(context, _repetitions);
        _loops = new(context, _edges, _last);
        _jumps = new(context, _edges, _loops);
        var slowPaths = new SlowPaths(context, _edges);
        var accesses = new AccessLookup(context, registers, slowPaths);
        _stretches = new(context, registers, accesses);
        var fpu = new FpuState(context, _edges, _last, slowPaths);
        var guestExits = new GuestExits(context, _edges);
        var fp = new FpEmitter(
            context, conversions, new FpMemoryEmitter(context, accesses, fpu, slowPaths),
            new FpMoveEmitter(context, new FpClassEmitter(context, fpu), fpu, registers), operations, fpu, _last);
        _instructions = new(
            new ConstantEmitter(context, registers),
            new HandlerCalls(context, accesses, guestExits, registers, _last, slowPaths))
        {
            Arithmetic = new(context, registers),
            Products = new(context, registers),
            Bits = new(context, registers),
            Checksums = new(context, registers),
            Memory = new(context, accesses, registers, slowPaths),
            Atomics = new(context, accesses, registers, slowPaths),
            Fp = fp,
            Vectors = new(context, registers, accesses, slowPaths, fpu),
            Branches = new(context, accesses, fpu, registers, _jumps),
            Csrs = new(context, registers, slowPaths),
        };
        var slowTails = new SlowTails(context, accesses, registers, _last, slowPaths);
        _tails = new(context, _edges, _entries, fpu, guestExits, registers, _jumps, _last, _loops, slowTails);
    }

    /// <summary>Where what is seldom run begins, behind the blocks of the region that was translated last.</summary>
    public byte* Cold { get; private set; }

    /// <summary>Emits the region of <paramref name="page"/> and enters its blocks in the page.</summary>
    public void Emit(CodePage* page)
    {
        _context.Page = page;
        _e.Position = _context.Arena.Next;
        _edges.Begin();
        _repetitions.Prepare();
        foreach (IrBlock block in _context.Ir.Blocks)
        {
            TranslateBlock(block);
        }

        Cold = _e.Position;
        foreach (Tail tail in _context.Tails)
        {
            _tails.Emit(tail);
        }

        _context.Tails.Clear();
        _context.Arena.Commit(_e.Position);
    }

    private void TranslateBlock(IrBlock block)
    {
        _context.BlockEnd = block.End;
        _entries.EmitEntry(block.Start);
        _context.ForgetVectors();
        _context.Facts.HasGroups = block.HasGroups;
        for (_context.Copies = block.Copies; _context.Copies > 0; _context.Copies--)
        {
            _context.Facts.Group = AccessGroups.None;
            EmitBody(block.Start);
            if (_context.Copies > 1)
            {
                _loops.EmitAgain(block.Start);
            }
        }

        if (CodeRegion.FallsThrough(_context.Ir[block.End - 4].Instruction.Opcode))
        {
            WriteBack();
            _loops.LandLoopExits();
            _jumps.FallThrough();
        }
    }

    private void EmitBody(int start)
    {
        _context.Locals.Begin(start, start, 0);
        for (_context.Offset = start; _context.Offset < _context.BlockEnd; _context.Offset += 4)
        {
            ref readonly Node node = ref _context.Ir[_context.Offset];
            _context.Vectors.NextInstruction();
            if (CodeRegion.EndsBlock(node.Instruction.Opcode) && _context.Copies == 1)
            {
                WriteBack();
            }

            _stretches.PrepareRegisters(node);
            _instructions.Emit(node);
            _stretches.FinishRegisters(node);
        }

        _stretches.SettleRegisters();
    }

    /// <summary>Writes what vector registers and the last operation have to the state.</summary>
    private void WriteBack()
    {
        _last.SaveLast();
        _context.Vectors.WriteBack();
    }
}
