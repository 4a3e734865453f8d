using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Loads and stores (manual vol. 1, 2.2.5).</summary>
internal sealed unsafe class MemoryEmitter(
    EmitContext context, AccessLookup accesses, GuestRegisters registers, SlowPaths slowPaths)
{
    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.LdB or Opcode.LdH or Opcode.LdW or Opcode.LdD or Opcode.LdBu or Opcode.LdHu or Opcode.LdWu
                or Opcode.LdptrW or Opcode.LdptrD
                or Opcode.LdxB or Opcode.LdxH or Opcode.LdxW or Opcode.LdxD or Opcode.LdxBu or Opcode.LdxHu
                    or Opcode.LdxWu:
                Load(i);
                break;
            case Opcode.StB or Opcode.StH or Opcode.StW or Opcode.StD or Opcode.StptrW or Opcode.StptrD
                or Opcode.StxB or Opcode.StxH or Opcode.StxW or Opcode.StxD:
                StoreGpr(i);
                break;
            case Opcode.Preld or Opcode.Preldx:
                break;
            case Opcode.Dbar:
                _e.Barrier();
                break;
            default:
                return false;
        }

        return true;
    }

    private void Load(in Instruction i)
    {
        Rm from = accesses.Translate(i, i.Opcode.Info().AccessSize, AccessLookup.ReadTag);
        Reg to = registers.Target(i.D, -1);
        switch (i.Opcode)
        {
            case Opcode.LdB or Opcode.LdxB: _e.SignExtend8(to, from); break;
            case Opcode.LdBu or Opcode.LdxBu: _e.ZeroExtend8(to, from); break;
            case Opcode.LdH or Opcode.LdxH: _e.SignExtend16(to, from); break;
            case Opcode.LdHu or Opcode.LdxHu: _e.ZeroExtend16(to, from); break;
            case Opcode.LdW or Opcode.LdxW or Opcode.LdptrW: _e.SignExtend32(to, from); break;
            case Opcode.LdWu or Opcode.LdxWu: _e.Mov(to, from, Width.W32); break;
            default: _e.Mov(to, from); break;
        }

        if (i.D != 0)
        {
            registers.Write(i.D, to);
        }

        slowPaths.ResumeHere();
    }

    private void StoreGpr(in Instruction i)
    {
        int size = i.Opcode.Info().AccessSize;
        Rm to = accesses.Translate(i, size, AccessLookup.WriteTag);
        _e.StoreSized(to, registers.Value(i.D, Reg.Rcx), size);
        slowPaths.ResumeHere();
    }
}
