using System.Runtime.Intrinsics.X86;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Shifts and bit manipulation (manual vol. 1, 2.2.2 and 2.2.3).</summary>
internal sealed unsafe class BitEmitter(EmitContext context, GuestRegisters registers)
{
    private const ulong OddBytes = 0x00FF_00FF_00FF_00FF, OddHalfwords = 0x0000_FFFF_0000_FFFF;

    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.SllW: ShiftByRegister(Shift.Shl, i, Width.W32); break;
            case Opcode.SrlW: ShiftByRegister(Shift.Shr, i, Width.W32); break;
            case Opcode.SraW: ShiftByRegister(Shift.Sar, i, Width.W32); break;
            case Opcode.RotrW: ShiftByRegister(Shift.Ror, i, Width.W32); break;
            case Opcode.SllD: ShiftByRegister(Shift.Shl, i, Width.W64); break;
            case Opcode.SrlD: ShiftByRegister(Shift.Shr, i, Width.W64); break;
            case Opcode.SraD: ShiftByRegister(Shift.Sar, i, Width.W64); break;
            case Opcode.RotrD: ShiftByRegister(Shift.Ror, i, Width.W64); break;
            case Opcode.SlliW: ShiftByImmediate(Shift.Shl, i, Width.W32); break;
            case Opcode.SrliW: ShiftByImmediate(Shift.Shr, i, Width.W32); break;
            case Opcode.SraiW: ShiftByImmediate(Shift.Sar, i, Width.W32); break;
            case Opcode.RotriW: ShiftByImmediate(Shift.Ror, i, Width.W32); break;
            case Opcode.SlliD: ShiftByImmediate(Shift.Shl, i, Width.W64); break;
            case Opcode.SrliD: ShiftByImmediate(Shift.Shr, i, Width.W64); break;
            case Opcode.SraiD: ShiftByImmediate(Shift.Sar, i, Width.W64); break;
            case Opcode.RotriD: ShiftByImmediate(Shift.Ror, i, Width.W64); break;
            default: return i.D == 0 ? IsBitOperation(i.Opcode) : BitOperation(i);
        }

        return true;
    }

    /// <summary>Bit operations into r0 are nothing to do.</summary>
    private static bool IsBitOperation(Opcode opcode) =>
        opcode is Opcode.CloW or Opcode.ClzW or Opcode.CtoW or Opcode.CtzW or Opcode.CloD or Opcode.ClzD or Opcode.CtoD
        or Opcode.CtzD
            or Opcode.Revb2h or Opcode.Revb4h or Opcode.Revb2w or Opcode.RevbD or Opcode.Revh2w or Opcode.RevhD
            or Opcode.Bitrev4b or Opcode.Bitrev8b or Opcode.BitrevW or Opcode.BitrevD or Opcode.ExtWH or Opcode.ExtWB
            or Opcode.BytepickW or Opcode.BytepickD or Opcode.BstrinsW or Opcode.BstrinsD or Opcode.BstrpickW
                or Opcode.BstrpickD;

    private bool BitOperation(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.ExtWB: ExtendByte(i); break;
            case Opcode.ExtWH: ExtendHalf(i); break;
            case Opcode.ClzW: return Count(i, Width.W32, leading: true, ones: false);
            case Opcode.CloW: return Count(i, Width.W32, leading: true, ones: true);
            case Opcode.CtzW: return Count(i, Width.W32, leading: false, ones: false);
            case Opcode.CtoW: return Count(i, Width.W32, leading: false, ones: true);
            case Opcode.ClzD: return Count(i, Width.W64, leading: true, ones: false);
            case Opcode.CloD: return Count(i, Width.W64, leading: true, ones: true);
            case Opcode.CtzD: return Count(i, Width.W64, leading: false, ones: false);
            case Opcode.CtoD: return Count(i, Width.W64, leading: false, ones: true);
            case Opcode.Revb2h: Reverse(i, Width.W32, 16); break;
            case Opcode.Revb2w: Reverse(i, Width.W64, 32); break;
            case Opcode.RevbD: Reverse(i, Width.W64, 0); break;
            case Opcode.Revb4h: SwapParts(i, OddBytes, 8, 0); break;
            case Opcode.Revh2w: SwapParts(i, OddHalfwords, 16, 0); break;
            case Opcode.RevhD: SwapParts(i, OddHalfwords, 16, 32); break;
            case Opcode.BytepickW: Bytepick(i, Width.W32); break;
            case Opcode.BytepickD: Bytepick(i, Width.W64); break;
            case Opcode.BstrpickW: return Pick(i, Width.W32);
            case Opcode.BstrpickD: return Pick(i, Width.W64);
            case Opcode.BstrinsW: return Insert(i, Width.W32);
            case Opcode.BstrinsD: return Insert(i, Width.W64);
            default: return false;
        }

        return true;
    }

    /// <summary>Host and guest both take the count modulo the width.</summary>
    private void ShiftByRegister(Shift operation, in Instruction i, Width width)
    {
        if (i.D == 0)
        {
            return;
        }

        if (context.Features.Bmi2 && operation != Shift.Ror)
        {
            Reg to = registers.Target(i.D, -1);
            _e.ShiftByRegister(operation, to, registers.Of(i.J), registers.Value(i.K, Reg.Rax), width);
            registers.WriteSized(i.D, to, width);
        }
        else
        {
            _e.Mov(Reg.Rcx, registers.Of(i.K), Width.W32);
            _e.Mov(Reg.Rax, registers.Of(i.J), width);
            _e.ShiftByCl(operation, Reg.Rax, width);
            registers.WriteSized(i.D, Reg.Rax, width);
        }
    }

    private void ShiftByImmediate(Shift operation, in Instruction i, Width width)
    {
        if (i.D == 0)
        {
            return;
        }

        Reg to = registers.Target(i.D, -1);
        Rm from = registers.Of(i.J);
        if (width == Width.W32 && i.Imm == 0 && from.IsMemory)
        {
            _e.SignExtend32(to, from);
            registers.Write(i.D, to);
            return;
        }

        if (operation == Shift.Ror && context.Features.Bmi2 && !from.Is(to))
        {
            _e.RotateRight(to, from, i.Imm, width);
        }
        else
        {
            registers.Copy(to, from, width);
            if (i.Imm != 0)
            {
                _e.ShiftImmediate(operation, to, i.Imm, width);
            }
        }

        registers.WriteSized(i.D, to, width);
    }

    private void ExtendByte(in Instruction i)
    {
        Reg to = registers.Target(i.D, -1);
        _e.SignExtend8(to, registers.Of(i.J));
        registers.Write(i.D, to);
    }

    private void ExtendHalf(in Instruction i)
    {
        Reg to = registers.Target(i.D, -1);
        _e.SignExtend16(to, registers.Of(i.J));
        registers.Write(i.D, to);
    }

    private bool Count(in Instruction i, Width width, bool leading, bool ones)
    {
        if (leading ? !Lzcnt.IsSupported : !Bmi1.IsSupported)
        {
            return false;
        }

        _e.Mov(Reg.Rax, registers.Of(i.J), width);
        if (ones)
        {
            _e.Apply(Unary.Not, Reg.Rax, width);
        }

        if (leading)
        {
            _e.LeadingZeros(Reg.Rax, Reg.Rax, width);
        }
        else
        {
            _e.TrailingZeros(Reg.Rax, Reg.Rax, width);
        }

        registers.Write(i.D, Reg.Rax);
        return true;
    }

    /// <summary>Reverses all bytes, then rotates.</summary>
    private void Reverse(in Instruction i, Width width, int rotation)
    {
        _e.Mov(Reg.Rax, registers.Of(i.J), width);
        _e.ByteSwap(Reg.Rax, width);
        if (rotation != 0)
        {
            _e.ShiftImmediate(Shift.Ror, Reg.Rax, rotation, width);
        }

        registers.WriteSized(i.D, Reg.Rax, width);
    }

    /// <summary>Swaps neighbouring parts of <paramref name="bits"/> bits, then rotates.</summary>
    private void SwapParts(in Instruction i, ulong lower, int bits, int rotation)
    {
        _e.Mov(Reg.Rax, registers.Of(i.J));
        _e.MovImmediate(Reg.Rdx, lower);
        _e.Mov(Reg.Rcx, Reg.Rax);
        _e.ShiftImmediate(Shift.Shr, Reg.Rax, bits);
        _e.Op(Alu.And, Reg.Rax, Reg.Rdx);
        _e.Op(Alu.And, Reg.Rcx, Reg.Rdx);
        _e.ShiftImmediate(Shift.Shl, Reg.Rcx, bits);
        _e.Op(Alu.Or, Reg.Rax, Reg.Rcx);
        if (rotation != 0)
        {
            _e.ShiftImmediate(Shift.Ror, Reg.Rax, rotation);
        }

        registers.Write(i.D, Reg.Rax);
    }

    /// <summary>rk moved up by bytes, filled from the upper bytes of rj.</summary>
    private void Bytepick(in Instruction i, Width width)
    {
        _e.Mov(Reg.Rax, registers.Of(i.K), width);
        if (i.Imm != 0)
        {
            _e.ShiftLeftDouble(Reg.Rax, registers.Value(i.J, Reg.Rcx), 8 * i.Imm, width);
        }

        registers.WriteSized(i.D, Reg.Rax, width);
    }

    private bool Pick(in Instruction i, Width width)
    {
        int msb = i.Imm, lsb = i.A, bits = width == Width.W32 ? 32 : 64;
        if (msb < lsb)
        {
            return false;
        }

        Reg to = registers.Target(i.D, -1);
        switch (lsb, msb)
        {
            case (0, 31) when width == Width.W32:
                _e.SignExtend32(to, registers.Of(i.J));
                break;
            case (0, 7):
                _e.ZeroExtend8(to, registers.Of(i.J));
                break;
            case (0, 15):
                _e.ZeroExtend16(to, registers.Of(i.J));
                break;
            case (0, 31):
                _e.Mov(to, registers.Of(i.J), Width.W32);
                break;
            default:
                _e.Mov(to, registers.Of(i.J), width);
                if (msb != bits - 1)
                {
                    _e.ShiftImmediate(Shift.Shl, to, bits - 1 - msb, width);
                }

                // Of a word, fewer than 32 bits remain: they have no sign.
                _e.ShiftImmediate(Shift.Shr, to, bits - 1 - msb + lsb, width);
                break;
        }

        registers.Write(i.D, to);
        return true;
    }

    private bool Insert(in Instruction i, Width width)
    {
        int msb = i.Imm, lsb = i.A;
        if (msb < lsb)
        {
            return false;
        }

        ulong mask = ulong.MaxValue >> (63 - (msb - lsb)) << lsb;
        _e.Mov(Reg.Rax, registers.Of(i.D));
        And(Reg.Rax, ~mask);
        if (i.J != 0)
        {
            _e.Mov(Reg.Rcx, registers.Of(i.J));
            And(Reg.Rcx, mask >> lsb);
            if (lsb != 0)
            {
                _e.ShiftImmediate(Shift.Shl, Reg.Rcx, lsb);
            }

            _e.Op(Alu.Or, Reg.Rax, Reg.Rcx);
        }

        registers.WriteSized(i.D, Reg.Rax, width);
        return true;
    }

    /// <summary>And with any constant; changes rdx.</summary>
    private void And(Reg register, ulong constant)
    {
        if ((ulong)(int)constant == constant)
        {
            _e.OpImmediate(Alu.And, register, (int)constant);
        }
        else if (constant == uint.MaxValue)
        {
            _e.Mov(register, register, Width.W32);
        }
        else
        {
            _e.MovImmediate(Reg.Rdx, constant);
            _e.Op(Alu.And, register, Reg.Rdx);
        }
    }
}
