using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Floating-point loads and stores (manual vol. 1, 3.2.6).</summary>
internal sealed unsafe class FpMemoryEmitter(
    EmitContext context, AccessLookup accesses, FpuState fpu, SlowPaths slowPaths)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.FldS or Opcode.FldD or Opcode.FldxS or Opcode.FldxD: LoadFpr(i); break;
            case Opcode.FstS or Opcode.FstD or Opcode.FstxS or Opcode.FstxD: StoreFpr(i); break;
            default: return false;
        }

        return true;
    }

    private void LoadFpr(in Instruction i)
    {
        fpu.CheckUnit(i);
        int size = i.Opcode.Info().AccessSize;
        Rm from = accesses.Translate(i, size, AccessLookup.ReadTag);
        int d = _vectors.Fresh();
        _e.LoadVector(size, d, from);
        if (size == 4)
        {
            // A single number has ones above it, as everywhere in this machine.
            _e.Vector(Simd.Orps, 16, d, d, context.Constant(FpRow.Box));
        }

        _vectors.Commit(i.D, d, 8, isBoxed: size == 4);
        slowPaths.ResumeHere();
    }

    private void StoreFpr(in Instruction i)
    {
        fpu.CheckUnit(i);
        int size = i.Opcode.Info().AccessSize;
        int d = _vectors.Read(i.D, 8);
        Rm to = accesses.Translate(i, size, AccessLookup.WriteTag);
        _e.StoreVector(size, to, d);
        slowPaths.ResumeHere();
    }
}
