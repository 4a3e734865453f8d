using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// Loads and stores (manual vol. 1, 2.2.5). What the software TLB does not answer, the handler does.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    private const int ReadTag = SecondWayStubs.ReadTag, WriteTag = SecondWayStubs.WriteTag,
        Addend = SecondWayStubs.Addend;

    private bool MemoryOrFp(in Instruction i)
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
                return Atomic(i) || Fp(i) || Vector(i);
        }

        return true;
    }

    /// <summary>
    /// Looks the address of an access up in the software TLB: returns where it is in the host, or takes the slow path,
    /// which <paramref name="aligned"/> has it take for unaligned addresses too. The place may need rax and rdx; rcx is
    /// free.
    /// </summary>
    private Rm Translate(in Instruction i, int size, int tag, bool aligned = false)
    {
        if (TryGroup(i, size, tag, out Rm place))
        {
            return place;
        }

        Rm address = AddressOf(i);
        EmitTlbEntry(address, aligned ? 1 : size, aligned ? size : 1);
        _e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, tag));
        AddLook(i, TailKind.SecondLook, size, tag, _e.JumpIf(Condition.NotEqual, null));
        _e.Mov(Reg.Rax, Rm.At(Reg.Rcx, Addend));
        return Rm.At(address.Register, Reg.Rax, 0, address.Displacement);
    }

    /// <summary>The virtual address of an access, as a register, rdx if there is none, and a displacement.</summary>
    private Rm AddressOf(in Instruction i)
    {
        if (i.Opcode.Info().IsIndexed)
        {
            Address(i, Reg.Rdx);
            return Rm.At(Reg.Rdx);
        }

        return Rm.At(Value(i.J, Reg.Rdx), i.Imm);
    }

    /// <summary>Computes the virtual address of an access, or of an indirect jump.</summary>
    private void Address(in Instruction i, Reg to)
    {
        if (i.Opcode.Info().IsIndexed)
        {
            if (TryGet(i.J, out Reg left) && TryGet(i.K, out Reg right))
            {
                _e.Lea(to, Rm.At(left, right, 0));
                return;
            }

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
        Rm from = Translate(i, i.Opcode.Info().AccessSize, ReadTag);
        Reg to = Target(i.D, -1);
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
            if (LoadsWord(i.Opcode))
            {
                MarkWord(i.D);
            }
        }

        ResumeHere();
    }

    private static bool LoadsWord(Opcode opcode) =>
        opcode is not (Opcode.LdD or Opcode.LdxD or Opcode.LdptrD or Opcode.LdWu or Opcode.LdxWu);

    private void StoreGpr(in Instruction i)
    {
        int size = i.Opcode.Info().AccessSize;
        Rm to = Translate(i, size, WriteTag);
        _e.StoreSized(to, Value(i.D, Reg.Rcx), size);
        ResumeHere();
    }
}
