using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Machine code for x86-64 (System V ABI).</summary>
internal sealed unsafe class X64BackEnd : IBackEnd, IHostTraits
{
    private readonly Emitter _emitter;
    private readonly Stubs _stubs;
    private readonly RegionEmitter _regions;
    private readonly HostFeatures _features;

    /// <summary>
    /// Writes the fixed pieces at the beginning of the arena. <paramref name="handler"/> is a C function
    /// int (<paramref name="engine"/>, Site*, long budget).
    /// </summary>
    public X64BackEnd(
        CodeArena arena, CodeRegion code, IrRegion region, List<Link> links, HostFeatures features, nint engine,
        void* handler)
    {
        _features = features;
        _emitter = new Emitter
        {
            Position = arena.Start, WriteOffset = arena.WriteOffset, UseVex = features.Avx2,
        };
        _stubs = new Stubs(_emitter, engine, handler);
        arena.Seal(_stubs.End, _stubs.Resolve);
        _regions = new RegionEmitter(
            new EmitContext(_emitter, arena, _stubs, code, region, links, features));
    }

    /// <inheritdoc/>
    public int RegionBytes => RegionEmitter.RegionBytes;

    /// <inheritdoc/>
    public byte* Resolve => _stubs.Resolve;

    /// <inheritdoc/>
    public byte* Breakpoint => _stubs.Breakpoint;

    /// <summary>Where what is seldom run begins, behind the blocks of the region that was emitted last.</summary>
    public byte* Cold => _regions.Cold;

    /// <inheritdoc/>
    public bool MakesAccess(in Node node) => node.Info.Unit switch
    {
        Unit.None => true,
        Unit.Fp => _features.Sse41,
        _ => _features.Avx2 && VectorTable.Of(node.Instruction.Opcode).Kind != VectorKind.None,
    };

    /// <inheritdoc/>
    public void Emit(CodePage* page) => _regions.Emit(page);

    /// <inheritdoc/>
    public int Enter(CpuState* state, byte* entry, bool isTaken) =>
        _stubs.Enter(state, isTaken ? entry : entry + EmitContext.CheckBytes);

    /// <inheritdoc/>
    public void Lead(in Link link, byte* entry) =>
        _emitter.Patch((byte*)link.Place, link.IsTaken ? entry : entry + EmitContext.CheckBytes);

    /// <inheritdoc/>
    public int UsualRegister(int guest) => RegisterMap.HostRegister(guest);

    /// <inheritdoc/>
    public bool UsesVectors(in Node node)
    {
        Opcode opcode = node.Instruction.Opcode;
        bool isInteger = _features.Avx2 && VectorTable.Of(opcode).Kind != VectorKind.None;
        return isInteger || FpTable.Of(opcode).IsComputedBy(_features);
    }
}
