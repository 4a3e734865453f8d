using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>Branches (manual vol. 1, 2.2.4 and 3.2.5).</summary>
internal sealed unsafe class BranchEmitter(
    EmitContext context, AccessLookup accesses, FpuState fpu, GuestRegisters registers, Jumps jumps)
{
    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        if (context.Ir.CountsBranches)
        {
            return false;
        }

        switch (i.Opcode)
        {
            case Opcode.B: jumps.GoTo(context.Offset + i.Imm); break;
            case Opcode.Bl: Call(i); break;
            case Opcode.Jirl: Indirect(i); break;
            case Opcode.Beqz: CompareZero(Condition.Equal, i); break;
            case Opcode.Bnez: CompareZero(Condition.NotEqual, i); break;
            case Opcode.Beq: Compare(Condition.Equal, i); break;
            case Opcode.Bne: Compare(Condition.NotEqual, i); break;
            case Opcode.Blt: Compare(Condition.Less, i); break;
            case Opcode.Bge: Compare(Condition.GreaterOrEqual, i); break;
            case Opcode.Bltu: Compare(Condition.Below, i); break;
            case Opcode.Bgeu: Compare(Condition.AboveOrEqual, i); break;
            case Opcode.Bceqz: CompareFlag(Condition.Equal, i); break;
            case Opcode.Bcnez: CompareFlag(Condition.NotEqual, i); break;
            default: return false;
        }

        return true;
    }

    private void Call(in Instruction i)
    {
        registers.PcRelative(1, context.Offset + 4);
        jumps.GoTo(context.Offset + i.Imm);
    }

    /// <summary>rj is read before rd is written: they may be the same.</summary>
    private void Indirect(in Instruction i)
    {
        accesses.Address(i, Reg.Rax);
        if (i.D != 0)
        {
            Reg link = registers.TryGet(i.D, out Reg host) ? host : Reg.Rcx;
            _e.Mov(link, Field(CpuState.PcOffset));
            _e.OpImmediate(Alu.Add, link, context.Offset + 4);
            registers.Write(i.D, link);
        }

        jumps.EmitJumpToRax();
    }

    private void CompareZero(Condition condition, in Instruction i)
    {
        if (registers.TryGet(i.J, out Reg j))
        {
            _e.Test(j, j);
        }
        else
        {
            _e.OpImmediate(Alu.Cmp, registers.Of(i.J), 0);
        }

        jumps.GoToIf(condition, context.Offset + i.Imm);
    }

    private void Compare(Condition condition, in Instruction i)
    {
        if (i.D == 0)
        {
            _e.OpImmediate(Alu.Cmp, registers.Of(i.J), 0);
        }
        else
        {
            _e.Op(Alu.Cmp, registers.Value(i.J, Reg.Rax), registers.Of(i.D));
        }

        jumps.GoToIf(condition, context.Offset + i.Imm);
    }

    private void CompareFlag(Condition condition, in Instruction i)
    {
        fpu.CheckUnit(i);
        _e.CompareByte(Field(CpuState.FccOffset + (i.J & 7)), 0);
        jumps.GoToIf(condition, context.Offset + i.Imm);
    }
}
