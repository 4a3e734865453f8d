using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Multiplication and division (manual vol. 1, 2.2.1.11 to 2.2.1.14).</summary>
internal sealed unsafe class ProductEmitter(EmitContext context, GuestRegisters registers)
{
    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.MulW: Multiply(i, Width.W32); break;
            case Opcode.MulD: Multiply(i, Width.W64); break;
            case Opcode.MulhW: MultiplyWords(i, signed: true, high: true); break;
            case Opcode.MulhWu: MultiplyWords(i, signed: false, high: true); break;
            case Opcode.MulwDW: MultiplyWords(i, signed: true, high: false); break;
            case Opcode.MulwDWu: MultiplyWords(i, signed: false, high: false); break;
            case Opcode.MulhD: MultiplyHigh(i, Unary.Imul); break;
            case Opcode.MulhDu: MultiplyHigh(i, Unary.Mul); break;
            case Opcode.DivW: Divide(i, Width.W32, remainder: false); break;
            case Opcode.ModW: Divide(i, Width.W32, remainder: true); break;
            case Opcode.DivWu: DivideUnsigned(i, Width.W32, remainder: false); break;
            case Opcode.ModWu: DivideUnsigned(i, Width.W32, remainder: true); break;
            case Opcode.DivD: Divide(i, Width.W64, remainder: false); break;
            case Opcode.ModD: Divide(i, Width.W64, remainder: true); break;
            case Opcode.DivDu: DivideUnsigned(i, Width.W64, remainder: false); break;
            case Opcode.ModDu: DivideUnsigned(i, Width.W64, remainder: true); break;
            default: return false;
        }

        return true;
    }

    private void Multiply(in Instruction i, Width width)
    {
        if (i.D != 0)
        {
            Reg to = i.D == i.J ? registers.Target(i.D, -1) : registers.Target(i.D, i.K);
            registers.Copy(to, registers.Of(i.J), width);
            _e.Multiply(to, registers.Of(i.K), width);
            registers.WriteSized(i.D, to, width);
        }
    }

    /// <summary>The 64-bit product of two words, or its upper half, sign-extended.</summary>
    private void MultiplyWords(in Instruction i, bool signed, bool high)
    {
        if (i.D == 0)
        {
            return;
        }

        if (signed)
        {
            _e.SignExtend32(Reg.Rax, registers.Of(i.J));
            _e.SignExtend32(Reg.Rcx, registers.Of(i.K));
        }
        else
        {
            _e.Mov(Reg.Rax, registers.Of(i.J), Width.W32);
            _e.Mov(Reg.Rcx, registers.Of(i.K), Width.W32);
        }

        _e.Multiply(Reg.Rax, Reg.Rcx);
        if (high)
        {
            _e.ShiftImmediate(Shift.Sar, Reg.Rax, 32);
        }

        registers.Write(i.D, Reg.Rax);
    }

    private void MultiplyHigh(in Instruction i, Unary operation)
    {
        if (i.D != 0)
        {
            _e.Mov(Reg.Rax, registers.Of(i.J));
            _e.Apply(operation, registers.Of(i.K));
            registers.Write(i.D, Reg.Rdx);
        }
    }

    /// <summary>
    /// The divisors 0 (counts as 1) and -1 (which may overflow) are what the host would trap on: for both, the quotient
    /// is (dividend ^ divisor) - divisor and the remainder 0.
    /// </summary>
    private void Divide(in Instruction i, Width width, bool remainder)
    {
        if (i.D == 0)
        {
            return;
        }

        _e.Mov(Reg.Rcx, registers.Of(i.K), width);
        _e.Mov(Reg.Rax, registers.Of(i.J), width);
        _e.Lea(Reg.Rdx, Rm.At(Reg.Rcx, 1), width);
        _e.OpImmediate(Alu.Cmp, Reg.Rdx, 1, width);
        byte* special = _e.JumpShort(Condition.BelowOrEqual);
        _e.SignToRdx(width);
        _e.Apply(Unary.Idiv, Reg.Rcx, width);
        byte* done = _e.JumpShort();
        _e.Land(special);
        _e.Op(Alu.Xor, Reg.Rax, Reg.Rcx, width);
        _e.Op(Alu.Sub, Reg.Rax, Reg.Rcx, width);
        _e.Op(Alu.Xor, Reg.Rdx, Reg.Rdx, Width.W32);
        _e.Land(done);
        registers.WriteSized(i.D, remainder ? Reg.Rdx : Reg.Rax, width);
    }

    /// <summary>A divisor of 0 counts as 1.</summary>
    private void DivideUnsigned(in Instruction i, Width width, bool remainder)
    {
        if (i.D == 0)
        {
            return;
        }

        _e.Mov(Reg.Rcx, registers.Of(i.K), width);
        _e.Mov(Reg.Rax, registers.Of(i.J), width);
        _e.OpImmediate(Alu.Cmp, Reg.Rcx, 1, width);
        _e.OpImmediate(Alu.Adc, Reg.Rcx, 0, width);
        _e.Op(Alu.Xor, Reg.Rdx, Reg.Rdx, Width.W32);
        _e.Apply(Unary.Div, Reg.Rcx, width);
        registers.WriteSized(i.D, remainder ? Reg.Rdx : Reg.Rax, width);
    }
}
