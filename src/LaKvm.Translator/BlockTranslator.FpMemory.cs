using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>Floating-point loads and stores (manual vol. 1, 3.2.6).</content>
internal sealed unsafe partial class BlockTranslator
{
    private bool FpMemory(in Instruction i)
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
        CheckUnit(i);
        int size = i.Opcode.Info().AccessSize;
        Rm from = Translate(i, size, ReadTag);
        int d = _vectors.Fresh();
        _e.LoadVector(size, d, from);
        if (size == 4)
        {
            // A single number has ones above it, as everywhere in this machine.
            _e.Vector(Simd.Orps, 16, d, d, arena.Constant(Box));
        }

        _vectors.Commit(i.D, d, 8, isBoxed: size == 4);
        ResumeHere();
    }

    private void StoreFpr(in Instruction i)
    {
        CheckUnit(i);
        int size = i.Opcode.Info().AccessSize;
        int d = _vectors.Read(i.D, 8);
        Rm to = Translate(i, size, WriteTag);
        _e.StoreVector(size, to, d);
        ResumeHere();
    }
}
