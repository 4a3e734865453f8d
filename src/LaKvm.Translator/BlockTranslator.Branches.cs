using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>Branches (manual vol. 1, 2.2.4 and 3.2.5).</content>
internal sealed unsafe partial class BlockTranslator
{
    private bool ControlTransfer(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.B: GoTo(_offset + i.Imm); break;
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
        PcRelative(1, _offset + 4);
        GoTo(_offset + i.Imm);
    }

    /// <summary>rj is read before rd is written: they may be the same.</summary>
    private void Indirect(in Instruction i)
    {
        Address(i, Reg.Rax);
        if (i.D != 0)
        {
            Reg link = TryGet(i.D, out Reg host) ? host : Reg.Rcx;
            _e.Mov(link, Field(CpuState.PcOffset));
            _e.OpImmediate(Alu.Add, link, _offset + 4);
            Write(i.D, link);
        }

        EmitJumpToRax();
    }

    private void CompareZero(Condition condition, in Instruction i)
    {
        if (TryGet(i.J, out Reg j))
        {
            _e.Test(j, j);
        }
        else
        {
            _e.OpImmediate(Alu.Cmp, Of(i.J), 0);
        }

        GoToIf(condition, _offset + i.Imm);
    }

    private void Compare(Condition condition, in Instruction i)
    {
        if (i.D == 0)
        {
            _e.OpImmediate(Alu.Cmp, Of(i.J), 0);
        }
        else
        {
            _e.Op(Alu.Cmp, Value(i.J, Reg.Rax), Of(i.D));
        }

        GoToIf(condition, _offset + i.Imm);
    }

    private void CompareFlag(Condition condition, in Instruction i)
    {
        CheckUnit(i);
        _e.CompareByte(Field(CpuState.FccOffset + (i.J & 7)), 0);
        GoToIf(condition, _offset + i.Imm);
    }
}
