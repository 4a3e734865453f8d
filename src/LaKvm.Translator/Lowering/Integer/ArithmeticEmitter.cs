using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>Integer arithmetic and logic (manual vol. 1, 2.2.1).</summary>
internal sealed unsafe class ArithmeticEmitter(EmitContext context, GuestRegisters registers)
{
    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.AddW: Binary(Alu.Add, i, Width.W32); break;
            case Opcode.AddD: Binary(Alu.Add, i, Width.W64); break;
            case Opcode.SubW: Binary(Alu.Sub, i, Width.W32); break;
            case Opcode.SubD: Binary(Alu.Sub, i, Width.W64); break;
            case Opcode.And: Bitwise(Alu.And, i); break;
            case Opcode.Or: Bitwise(Alu.Or, i); break;
            case Opcode.Xor: Bitwise(Alu.Xor, i); break;
            case Opcode.Nor: Nor(i); break;
            case Opcode.Andn: BinaryNot(Alu.And, i); break;
            case Opcode.Orn: BinaryNot(Alu.Or, i); break;
            case Opcode.Slt: SetIfLess(Condition.Less, i, registers.Of(i.K)); break;
            case Opcode.Sltu: SetIfLess(Condition.Below, i, registers.Of(i.K)); break;
            case Opcode.Slti: SetIfLess(Condition.Less, i, null); break;
            case Opcode.Sltui: SetIfLess(Condition.Below, i, null); break;
            case Opcode.Maskeqz: Mask(Condition.Equal, i); break;
            case Opcode.Masknez: Mask(Condition.NotEqual, i); break;
            case Opcode.AddiW: Immediate(Alu.Add, i, i.Imm, Width.W32); break;
            case Opcode.AddiD: AddImmediate(i, i.Imm); break;
            case Opcode.Addu16iD: AddImmediate(i, i.Imm << 16); break;
            case Opcode.Andi: AndImmediate(i); break;
            case Opcode.Ori: Immediate(Alu.Or, i, i.Imm, registers.WidthFor(i.J)); break;
            case Opcode.Xori: Immediate(Alu.Xor, i, i.Imm, registers.WidthFor(i.J)); break;
            case Opcode.Lu32iD: ReplaceUpper(i.D, i.D, 32, (ulong)i.Imm << 32); break;
            case Opcode.Lu52iD: ReplaceUpper(i.D, i.J, 12, (ulong)i.Imm << 52); break;
            case Opcode.Pcaddi: registers.PcRelative(i.D, context.Offset + ((long)i.Imm << 2)); break;
            case Opcode.Pcaddu12i: registers.PcRelative(i.D, context.Offset + ((long)i.Imm << 12)); break;
            case Opcode.Pcalau12i: registers.PcRelative(i.D, (long)i.Imm << 12); break;
            case Opcode.Pcaddu18i: registers.PcRelative(i.D, context.Offset + ((long)i.Imm << 18)); break;
            case Opcode.AlslW: ShiftAdd(i, Width.W32, extend: true); break;
            case Opcode.AlslWu: ShiftAdd(i, Width.W32, extend: false); break;
            case Opcode.AlslD: ShiftAdd(i, Width.W64, extend: false); break;
            default: return false;
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

        Reg to = i.D == j ? registers.Target(i.D, -1) : registers.Target(i.D, k);
        if (operation == Alu.Add
            && registers.TryGet(j, out Reg left) && registers.TryGet(k, out Reg right) && left != to)
        {
            _e.Lea(to, Rm.At(left, right, 0), width);
        }
        else
        {
            registers.Copy(to, registers.Of(j), width);
            Operate(operation, to, k, width);
        }

        registers.WriteSized(i.D, to, width);
    }

    /// <summary>And, or, xor: the result is a word if both operands are.</summary>
    private void Bitwise(Alu operation, in Instruction i) =>
        Binary(operation, i, registers.WidthFor(i.J, i.K));

    private void Operate(Alu operation, Reg to, int k, Width width)
    {
        if (k != 0)
        {
            _e.Op(operation, to, registers.Of(k), width);
        }
        else if (operation == Alu.And)
        {
            _e.Op(Alu.Xor, to, to, Width.W32);
        }
    }

    private void Nor(in Instruction i)
    {
        if (i.D != 0)
        {
            Width width = registers.WidthFor(i.J, i.K);
            _e.Mov(Reg.Rax, registers.Of(i.J), width);
            _e.Op(Alu.Or, Reg.Rax, registers.Of(i.K), width);
            _e.Apply(Unary.Not, Reg.Rax, width);
            registers.WriteSized(i.D, Reg.Rax, width);
        }
    }

    /// <summary>rj op ~rk.</summary>
    private void BinaryNot(Alu operation, in Instruction i)
    {
        if (i.D != 0)
        {
            Width width = registers.WidthFor(i.J, i.K);
            Reg to = registers.Target(i.D, i.J);
            registers.Copy(to, registers.Of(i.K), width);
            _e.Apply(Unary.Not, to, width);
            _e.Op(operation, to, registers.Of(i.J), width);
            registers.WriteSized(i.D, to, width);
        }
    }

    private void SetIfLess(Condition condition, in Instruction i, Rm? right)
    {
        if (i.D == 0)
        {
            return;
        }

        // The order of words and of what they are extended to is the same.
        if (right is Rm k)
        {
            Width width = registers.WidthFor(i.J, i.K);
            _e.Op(Alu.Cmp, registers.Value(i.J, Reg.Rax), k, width);
        }
        else
        {
            _e.OpImmediate(Alu.Cmp, registers.Of(i.J), i.Imm, registers.WidthFor(i.J));
        }

        _e.SetIf(condition, Reg.Rax);
        Reg to = registers.Target(i.D, -1);
        _e.ZeroExtend8(to, Reg.Rax);
        registers.Write(i.D, to);
    }

    /// <summary>rd = 0 if rk is (or is not) zero, else rj.</summary>
    private void Mask(Condition condition, in Instruction i)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = registers.Target(i.D, i.K);
        _e.Mov(to, registers.Of(i.J));
        if (registers.TryGet(i.K, out Reg k))
        {
            _e.Test(k, k);
        }
        else
        {
            _e.OpImmediate(Alu.Cmp, registers.Of(i.K), 0);
        }

        _e.MovIf(condition, to, InState(0));
        registers.Write(i.D, to);
    }

    private void Immediate(Alu operation, in Instruction i, int value, Width width)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = registers.Target(i.D, -1);
        if (operation == Alu.Add && registers.TryGet(i.J, out Reg j) && j != to)
        {
            _e.Lea(to, Rm.At(j, value), width);
        }
        else
        {
            registers.Copy(to, registers.Of(i.J), width);
            if (value != 0)
            {
                _e.OpImmediate(operation, to, value, width);
            }
        }

        registers.WriteSized(i.D, to, width);
    }

    /// <summary>The immediate is not negative: the upper half of the result is 0.</summary>
    private void AndImmediate(in Instruction i)
    {
        if (i.D != 0)
        {
            Reg to = registers.Target(i.D, -1);
            registers.Copy(to, registers.Of(i.J), Width.W32);
            _e.OpImmediate(Alu.And, to, i.Imm, Width.W32);
            registers.Write(i.D, to);
        }
    }

    private void AddImmediate(in Instruction i, int value)
    {
        if (i.D == i.J && i.D != 0)
        {
            _e.OpImmediate(Alu.Add, registers.Of(i.D), value);
            registers.MarkWhole(i.D);
        }
        else if (i.D != 0 && registers.TryGet(i.J, out Reg j))
        {
            Reg to = registers.Target(i.D, -1);
            _e.Lea(to, Rm.At(j, value));
            registers.Write(i.D, to);
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

        _e.Mov(Reg.Rax, registers.Of(j));
        _e.ShiftImmediate(Shift.Shl, Reg.Rax, bits);
        _e.ShiftImmediate(Shift.Shr, Reg.Rax, bits);
        if (upper != 0)
        {
            _e.MovImmediate(Reg.Rcx, upper);
            _e.Op(Alu.Or, Reg.Rax, Reg.Rcx);
        }

        registers.Write(d, Reg.Rax);
    }

    private void ShiftAdd(in Instruction i, Width width, bool extend)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = registers.Target(i.D, i.K);
        if (i.Imm <= 3 && registers.TryGet(i.K, out Reg k))
        {
            _e.Lea(to, Rm.At(k, registers.Value(i.J, Reg.Rax), i.Imm), width);
        }
        else
        {
            registers.Copy(to, registers.Of(i.J), width);
            _e.ShiftImmediate(Shift.Shl, to, i.Imm, width);
            _e.Op(Alu.Add, to, registers.Of(i.K), width);
        }

        registers.WriteSized(i.D, to, extend ? Width.W32 : Width.W64);
    }
}
