using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// Loads and stores (manual vol. 1, 2.2.5). What the software TLB does not answer, the handler does.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    private const int ReadTag = 0, WriteTag = 8, Addend = 24;

    private bool MemoryOrFp(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.LdB or Opcode.LdH or Opcode.LdW or Opcode.LdD or Opcode.LdBu or Opcode.LdHu or Opcode.LdWu
                or Opcode.LdptrW or Opcode.LdptrD
                or Opcode.LdxB or Opcode.LdxH or Opcode.LdxW or Opcode.LdxD or Opcode.LdxBu or Opcode.LdxHu or Opcode.LdxWu:
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
                return Atomic(i) || Fp(i) || Vector(i);
        }

        return true;
    }

    /// <summary>
    /// Looks the address of an access up in the software TLB: leaves the host address in rax, or takes the slow path, which
    /// <paramref name="aligned"/> has it take for unaligned addresses too.
    /// </summary>
    private void Translate(in Instruction i, int size, int tag, bool aligned = false)
    {
        Address(i, Reg.Rax);
        _e.Mov(Reg.Rcx, Reg.Rax);
        _e.Lea(Reg.Rdx, Rm.At(Reg.Rax, aligned ? 0 : size - 1));
        _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 12 - CpuState.SoftTlbEntryShift);
        _e.OpImmediate(Alu.And, Reg.Rcx, (CpuState.SoftTlbEntries - 1) << CpuState.SoftTlbEntryShift, Width.W32);
        _e.Op(Alu.Add, Reg.Rcx, Field(CpuState.TlbOffset));
        _e.OpImmediate(Alu.And, Reg.Rdx, aligned ? ~0xFFF | (size - 1) : ~0xFFF);
        _e.Op(Alu.Cmp, Reg.Rdx, Rm.At(Reg.Rcx, tag));
        AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        _e.Op(Alu.Add, Reg.Rax, Rm.At(Reg.Rcx, Addend));
    }

    /// <summary>Computes the virtual address of an access, or of an indirect jump.</summary>
    private void Address(in Instruction i, Reg to)
    {
        bool indexed = i.Opcode is >= Opcode.LdxB and <= Opcode.LdxWu or (>= Opcode.FldxS and <= Opcode.FstxD)
            or Opcode.Vldx or Opcode.Vstx or Opcode.Xvldx or Opcode.Xvstx;
        if (indexed)
        {
            _e.Mov(to, Of(i.J));
            _e.Op(Alu.Add, to, Of(i.K));
        }
        else if (TryGet(i.J, out Reg j) && i.Imm != 0)
        {
            _e.Lea(to, Rm.At(j, i.Imm));
        }
        else
        {
            _e.Mov(to, Of(i.J));
            if (i.Imm != 0)
            {
                _e.OpImmediate(Alu.Add, to, i.Imm);
            }
        }
    }

    private void Load(in Instruction i)
    {
        Translate(i, i.Opcode.Info().AccessSize, ReadTag);
        Reg to = Target(i.D, -1);
        Rm from = Rm.At(Reg.Rax);
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
            Write(i.D, to);
        }

        ResumeHere();
    }

    private void StoreGpr(in Instruction i)
    {
        int size = i.Opcode.Info().AccessSize;
        Translate(i, size, WriteTag);
        _e.StoreSized(Rm.At(Reg.Rax), Value(i.D, Reg.Rdx), size);
        ResumeHere();
    }
}
