using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// ll, sc and the AM instructions that the host has, or loops for (manual vol. 1, 2.2.7). Everything but success of sc
/// is left to the handlers.
/// </summary>
internal sealed unsafe class AtomicEmitter(
    EmitContext context, AccessLookup accesses, GuestRegisters registers, SlowPaths slowPaths)
{
    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.LlW or Opcode.LlD:
                LoadLinked(i);
                break;
            case Opcode.ScW or Opcode.ScD:
                StoreConditional(i);
                break;
            case Opcode.AmswapW or Opcode.AmswapD or Opcode.AmswapDbW or Opcode.AmswapDbD:
                Modify(i, null);
                break;
            case Opcode.AmaddW or Opcode.AmaddD or Opcode.AmaddDbW or Opcode.AmaddDbD:
                Modify(i, Alu.Add);
                break;
            case Opcode.AmandW or Opcode.AmandD or Opcode.AmandDbW or Opcode.AmandDbD:
                ModifyInLoop(i, Alu.And);
                break;
            case Opcode.AmorW or Opcode.AmorD or Opcode.AmorDbW or Opcode.AmorDbD:
                ModifyInLoop(i, Alu.Or);
                break;
            case Opcode.AmxorW or Opcode.AmxorD or Opcode.AmxorDbW or Opcode.AmxorDbD:
                ModifyInLoop(i, Alu.Xor);
                break;
            case Opcode.AmmaxW or Opcode.AmmaxD or Opcode.AmmaxDbW or Opcode.AmmaxDbD:
                ChooseInLoop(i, Condition.Less);
                break;
            case Opcode.AmminW or Opcode.AmminD or Opcode.AmminDbW or Opcode.AmminDbD:
                ChooseInLoop(i, Condition.Greater);
                break;
            case Opcode.AmmaxWu or Opcode.AmmaxDu or Opcode.AmmaxDbWu or Opcode.AmmaxDbDu:
                ChooseInLoop(i, Condition.Below);
                break;
            case Opcode.AmminWu or Opcode.AmminDu or Opcode.AmminDbWu or Opcode.AmminDbDu:
                ChooseInLoop(i, Condition.Above);
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>rax = where an access is in the host.</summary>
    private void TranslateAligned(in Instruction i, int tag) =>
        _e.Lea(Reg.Rax, accesses.Translate(i, i.Opcode.Info().AccessSize, tag, aligned: true));

    /// <summary>Besides loading, remembers what sc compares.</summary>
    private void LoadLinked(in Instruction i)
    {
        Width width = AccessWidth(i);
        TranslateAligned(i, AccessLookup.ReadTag);
        _e.Mov(Reg.Rsi, Rm.At(Reg.Rax), width);
        accesses.Address(i, Reg.Rdx);
        _e.StoreByte(LinkBit(), 1);
        _e.Op(Alu.Or, Reg.Rdx, Reg.Rcx);
        _e.Store(Field(CpuState.LlAddressOffset), Reg.Rdx);
        _e.Store(Field(CpuState.LlValueOffset), Reg.Rsi);
        registers.WriteOld(i.D, Reg.Rsi, width);
        slowPaths.ResumeHere();
    }

    private void StoreConditional(in Instruction i)
    {
        Width width = AccessWidth(i);
        _e.CompareByte(LinkBit(), 0);
        slowPaths.AddSlowPath(_e.JumpIf(Condition.Equal, null), i);
        accesses.Address(i, Reg.Rax);
        _e.Op(Alu.Or, Reg.Rax, Reg.Rcx);
        _e.Op(Alu.Cmp, Reg.Rax, Field(CpuState.LlAddressOffset));
        slowPaths.AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        TranslateAligned(i, AccessLookup.WriteTag);
        _e.Mov(Reg.Rsi, Reg.Rax);
        _e.Mov(Reg.Rax, Field(CpuState.LlValueOffset));
        _e.CompareExchange(Rm.At(Reg.Rsi), registers.Value(i.D, Reg.Rdx), width);
        _e.SetIf(Condition.Equal, Reg.Rax);
        _e.ZeroExtend8(Reg.Rax, Reg.Rax);
        _e.StoreByte(LinkBit(), 0);
        registers.WriteOld(i.D, Reg.Rax, Width.W64);
        slowPaths.ResumeHere(paths: 3);
    }

    /// <summary>amswap, or amadd.</summary>
    private void Modify(in Instruction i, Alu? operation)
    {
        Width width = AccessWidth(i);
        TranslateAligned(i, AccessLookup.WriteTag);
        _e.Mov(Reg.Rdx, registers.Of(i.K));
        if (operation == Alu.Add)
        {
            _e.ExchangeAdd(Rm.At(Reg.Rax), Reg.Rdx, width);
        }
        else
        {
            _e.Exchange(Rm.At(Reg.Rax), Reg.Rdx, width);
        }

        registers.WriteOld(i.D, Reg.Rdx, width);
        slowPaths.ResumeHere();
    }

    private void ModifyInLoop(in Instruction i, Alu operation)
    {
        byte* again = BeginLoop(i);
        _e.Op(operation, Reg.Rdx, Reg.Rax);
        EndLoop(i, again);
    }

    /// <summary>rk, or what is in memory if rk compares to it so: the greater or the less of both.</summary>
    private void ChooseInLoop(in Instruction i, Condition takesMemory)
    {
        byte* again = BeginLoop(i);
        _e.Op(Alu.Cmp, Reg.Rdx, Reg.Rax, AccessWidth(i));
        _e.MovIf(takesMemory, Reg.Rdx, Reg.Rax);
        EndLoop(i, again);
    }

    /// <summary>rdx = rk, rax = what is at rsi: combined, it is written back unless somebody came in between.</summary>
    private byte* BeginLoop(in Instruction i)
    {
        TranslateAligned(i, AccessLookup.WriteTag);
        _e.Mov(Reg.Rsi, Reg.Rax);
        _e.Mov(Reg.Rax, Rm.At(Reg.Rsi), AccessWidth(i));
        byte* again = _e.Position;
        _e.Mov(Reg.Rdx, registers.Of(i.K));
        return again;
    }

    private void EndLoop(in Instruction i, byte* again)
    {
        Width width = AccessWidth(i);
        _e.CompareExchange(Rm.At(Reg.Rsi), Reg.Rdx, width);
        _ = _e.JumpIf(Condition.NotEqual, again);
        registers.WriteOld(i.D, Reg.Rax, width);
        slowPaths.ResumeHere();
    }

    /// <summary>LLbit of the current mode, whose number it leaves in rcx.</summary>
    private Rm LinkBit()
    {
        _e.ZeroExtend8(Reg.Rcx, Field(CpuState.VmOffset));
        return Rm.At(State, Reg.Rcx, 0, CpuState.LlbitOffset - Bias);
    }

    private static Width AccessWidth(in Instruction i) => i.Opcode.Info().AccessSize == 8 ? Width.W64 : Width.W32;
}
