using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>Integer arithmetic and logic (manual vol. 1, 2.2.1).</content>
internal sealed unsafe partial class BlockTranslator
{
    private bool Arithmetic(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.AddW: Binary(Alu.Add, i, Width.W32); break;
            case Opcode.AddD: Binary(Alu.Add, i, Width.W64); break;
            case Opcode.SubW: Binary(Alu.Sub, i, Width.W32); break;
            case Opcode.SubD: Binary(Alu.Sub, i, Width.W64); break;
            case Opcode.And: Binary(Alu.And, i, Width.W64); break;
            case Opcode.Or: Binary(Alu.Or, i, Width.W64); break;
            case Opcode.Xor: Binary(Alu.Xor, i, Width.W64); break;
            case Opcode.Nor: Nor(i); break;
            case Opcode.Andn: BinaryNot(Alu.And, i); break;
            case Opcode.Orn: BinaryNot(Alu.Or, i); break;
            case Opcode.Slt: SetIfLess(Condition.Less, i, Of(i.K)); break;
            case Opcode.Sltu: SetIfLess(Condition.Below, i, Of(i.K)); break;
            case Opcode.Slti: SetIfLess(Condition.Less, i, null); break;
            case Opcode.Sltui: SetIfLess(Condition.Below, i, null); break;
            case Opcode.Maskeqz: Mask(Condition.Equal, i); break;
            case Opcode.Masknez: Mask(Condition.NotEqual, i); break;
            case Opcode.AddiW: Immediate(Alu.Add, i, i.Imm, Width.W32); break;
            case Opcode.AddiD: AddImmediate(i, i.Imm); break;
            case Opcode.Addu16iD: AddImmediate(i, i.Imm << 16); break;
            case Opcode.Andi: Immediate(Alu.And, i, i.Imm, Width.W64); break;
            case Opcode.Ori: Immediate(Alu.Or, i, i.Imm, Width.W64); break;
            case Opcode.Xori: Immediate(Alu.Xor, i, i.Imm, Width.W64); break;
            case Opcode.Lu32iD: ReplaceUpper(i.D, i.D, 32, (ulong)i.Imm << 32); break;
            case Opcode.Lu52iD: ReplaceUpper(i.D, i.J, 12, (ulong)i.Imm << 52); break;
            case Opcode.Pcaddi: PcRelative(i.D, _offset + ((long)i.Imm << 2)); break;
            case Opcode.Pcaddu12i: PcRelative(i.D, _offset + ((long)i.Imm << 12)); break;
            case Opcode.Pcalau12i: PcRelative(i.D, (long)i.Imm << 12); break;
            case Opcode.Pcaddu18i: PcRelative(i.D, _offset + ((long)i.Imm << 18)); break;
            case Opcode.AlslW: ShiftAdd(i, Width.W32, extend: true); break;
            case Opcode.AlslWu: ShiftAdd(i, Width.W32, extend: false); break;
            case Opcode.AlslD: ShiftAdd(i, Width.W64, extend: false); break;
            default: return Product(i);
        }

        return true;
    }

    private void Binary(Alu operation, in Instruction i, Width width)
    {
        int j = i.J, k = i.K;
        if (i.D == 0)
        {
            return;
        }

        if (operation != Alu.Sub && (i.D == k || j == 0))
        {
            (j, k) = (k, j);
        }

        Reg to = width == Width.W32 ? Reg.Rax : i.D == j ? Target(i.D, -1) : Target(i.D, k);
        _e.Mov(to, Of(j), width);
        if (k != 0)
        {
            _e.Op(operation, to, Of(k), width);
        }
        else if (operation == Alu.And)
        {
            _e.Op(Alu.Xor, to, to, Width.W32);
        }

        WriteSized(i.D, to, width);
    }

    private void Nor(in Instruction i)
    {
        if (i.D != 0)
        {
            _e.Mov(Reg.Rax, Of(i.J));
            _e.Op(Alu.Or, Reg.Rax, Of(i.K));
            _e.Apply(Unary.Not, Reg.Rax);
            Write(i.D, Reg.Rax);
        }
    }

    /// <summary>rj op ~rk.</summary>
    private void BinaryNot(Alu operation, in Instruction i)
    {
        if (i.D != 0)
        {
            _e.Mov(Reg.Rax, Of(i.K));
            _e.Apply(Unary.Not, Reg.Rax);
            _e.Op(operation, Reg.Rax, Of(i.J));
            Write(i.D, Reg.Rax);
        }
    }

    private void SetIfLess(Condition condition, in Instruction i, Rm? right)
    {
        if (i.D == 0)
        {
            return;
        }

        if (right is Rm k)
        {
            _e.Op(Alu.Cmp, Value(i.J, Reg.Rax), k);
        }
        else
        {
            _e.OpImmediate(Alu.Cmp, Of(i.J), i.Imm);
        }

        _e.SetIf(condition, Reg.Rax);
        Reg to = Target(i.D, -1);
        _e.ZeroExtend8(to, Reg.Rax);
        Write(i.D, to);
    }

    /// <summary>rd = 0 if rk is (or is not) zero, else rj.</summary>
    private void Mask(Condition condition, in Instruction i)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = Target(i.D, i.K);
        _e.Op(Alu.Xor, Reg.Rcx, Reg.Rcx, Width.W32);
        _e.Mov(to, Of(i.J));
        _e.OpImmediate(Alu.Cmp, Of(i.K), 0);
        _e.MovIf(condition, to, Reg.Rcx);
        Write(i.D, to);
    }

    private void Immediate(Alu operation, in Instruction i, int value, Width width)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = width == Width.W32 ? Reg.Rax : Target(i.D, -1);
        _e.Mov(to, Of(i.J), width);
        if (operation == Alu.And)
        {
            // The immediate is not negative: the upper half of the result is 0.
            _e.OpImmediate(operation, to, value, Width.W32);
        }
        else if (value != 0)
        {
            _e.OpImmediate(operation, to, value, width);
        }

        WriteSized(i.D, to, width);
    }

    private void AddImmediate(in Instruction i, int value)
    {
        if (i.D == i.J && i.D != 0)
        {
            _e.OpImmediate(Alu.Add, Of(i.D), value);
        }
        else if (i.D != 0 && TryGet(i.J, out Reg j))
        {
            Reg to = Target(i.D, -1);
            _e.Lea(to, Rm.At(j, value));
            Write(i.D, to);
        }
        else
        {
            Immediate(Alu.Add, i, value, Width.W64);
        }
    }

    /// <summary>rd = rj with its upper bits replaced.</summary>
    private void ReplaceUpper(int d, int j, int bits, ulong upper)
    {
        if (d == 0)
        {
            return;
        }

        _e.Mov(Reg.Rax, Of(j));
        _e.ShiftImmediate(Shift.Shl, Reg.Rax, bits);
        _e.ShiftImmediate(Shift.Shr, Reg.Rax, bits);
        if (upper != 0)
        {
            _e.MovImmediate(Reg.Rcx, upper);
            _e.Op(Alu.Or, Reg.Rax, Reg.Rcx);
        }

        Write(d, Reg.Rax);
    }

    /// <summary>rd = the address that is <paramref name="distance"/> behind the beginning of the page.</summary>
    private void PcRelative(int d, long distance)
    {
        if (d == 0)
        {
            return;
        }

        Reg to = Target(d, -1);
        if ((int)distance == distance)
        {
            _e.Mov(to, Field(Cpu.CpuState.PcOffset));
            _e.OpImmediate(Alu.Add, to, (int)distance);
        }
        else
        {
            _e.MovImmediate(to, (ulong)distance);
            _e.Op(Alu.Add, to, Field(Cpu.CpuState.PcOffset));
        }

        Write(d, to);
    }

    private void ShiftAdd(in Instruction i, Width width, bool extend)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = extend ? Reg.Rax : Target(i.D, -1);
        if (i.Imm <= 3)
        {
            Reg j = Value(i.J, Reg.Rcx);
            _e.Lea(to, Rm.At(Value(i.K, Reg.Rdx), j, i.Imm), width);
        }
        else
        {
            _e.Mov(Reg.Rcx, Of(i.J));
            _e.ShiftImmediate(Shift.Shl, Reg.Rcx, i.Imm);
            _e.Op(Alu.Add, Reg.Rcx, Of(i.K));
            _e.Mov(to, Reg.Rcx, width);
        }

        WriteSized(i.D, to, extend ? Width.W32 : Width.W64);
    }
}
