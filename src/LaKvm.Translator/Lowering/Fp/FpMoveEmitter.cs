using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Floating-point instructions that move bits (manual vol. 1, 3.2.1.5, 3.2.1.7, 3.2.4): they raise nothing.
/// </summary>
internal sealed unsafe class FpMoveEmitter(
    EmitContext context, FpClassEmitter fpClasses, FpuState fpu, GuestRegisters registers)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.FmovS: Sign(i, Simd.Orps, FpRow.Box, isSingle: false); break;
            case Opcode.FmovD: CopyFpr(i); break;
            case Opcode.FabsS: Sign(i, Simd.Andps, ~FpRow.SignSingle, isSingle: true); break;
            case Opcode.FabsD: Sign(i, Simd.Andps, ~FpRow.SignDouble, isSingle: false); break;
            case Opcode.FnegS: Sign(i, Simd.Xorps, FpRow.SignSingle, isSingle: true); break;
            case Opcode.FnegD: Sign(i, Simd.Xorps, FpRow.SignDouble, isSingle: false); break;
            case Opcode.FcopysignS: CopySign(i, FpRow.SignSingle - 1); break;
            case Opcode.FcopysignD: CopySign(i, FpRow.SignDouble - 1); break;
            case Opcode.Fsel: Select(i); break;
            case Opcode.Movgr2frD or Opcode.Movgr2frW or Opcode.Movgr2frhW: FprFromGpr(i); break;
            case Opcode.Movfr2grD or Opcode.Movfr2grS or Opcode.Movfrh2grS: GprFromFpr(i); break;
            case Opcode.Movgr2cf or Opcode.Movcf2gr or Opcode.Movfr2cf or Opcode.Movcf2fr: MoveFlag(i); break;
            case Opcode.Movfcsr2gr: ReadFcsr(i); break;
            case Opcode.Movgr2fcsr: WriteFcsr(i); break;
            case Opcode.FclassS or Opcode.FclassD: fpClasses.Emit(i, i.Opcode == Opcode.FclassD); break;
            default: return false;
        }

        return true;
    }

    private void CopyFpr(in Instruction i)
    {
        fpu.CheckUnit(i);
        int j = _vectors.Read(i.J, 8), d = _vectors.Fresh();
        _e.CopyVector(8, d, j);
        _vectors.Commit(i.D, d, 8, _vectors.IsBoxed(i.J));
    }

    /// <summary>fd = fj op a constant; ones above it if it is single.</summary>
    private void Sign(in Instruction i, Simd op, ulong constant, bool isSingle)
    {
        fpu.CheckUnit(i);
        int j = _vectors.Read(i.J, 8), d = _vectors.Fresh();
        _e.Vector(op, 16, d, j, context.Constant(constant));
        if (isSingle && !_vectors.IsBoxed(i.J))
        {
            _e.Vector(Simd.Orps, 16, d, d, context.Constant(FpRow.Box));
        }

        _vectors.Commit(i.D, d, 8, isSingle || constant == FpRow.Box);
    }

    private void CopySign(in Instruction i, ulong magnitude)
    {
        fpu.CheckUnit(i);
        int j = _vectors.Read(i.J, 8), k = _vectors.Read(i.K, 8), d = _vectors.Fresh();
        _e.Vector(Simd.Andps, 16, d, j, context.Constant(magnitude));
        _e.LoadVector(16, 0, context.Constant(magnitude));
        _e.Vector(Simd.Andnps, 16, 0, 0, Rm.Xmm(k));
        _e.Vector(Simd.Orps, 16, d, d, Rm.Xmm(0));
        _vectors.Commit(i.D, d, 8, magnitude == FpRow.SignSingle - 1 && _vectors.IsBoxed(i.K));
    }

    /// <summary>fk if the flag (ca) is 1, fj if it is 0: the flag, negated, is a mask.</summary>
    private void Select(in Instruction i)
    {
        fpu.CheckUnit(i);
        int j = _vectors.Read(i.J, 8), k = _vectors.Read(i.K, 8), d = _vectors.Fresh();
        _e.ZeroExtend8(Reg.Rax, Flag(i.A));
        _e.Apply(Unary.Neg, Reg.Rax);
        _e.Vector(Simd.MovqLoad, 8, 0, Reg.Rax);
        _e.Vector(Simd.Andps, 16, d, 0, Rm.Xmm(k));
        _e.Vector(Simd.Andnps, 16, 0, 0, Rm.Xmm(j));
        _e.Vector(Simd.Orps, 16, d, d, Rm.Xmm(0));
        _vectors.Commit(i.D, d, 8, _vectors.IsBoxed(i.J) && _vectors.IsBoxed(i.K));
    }

    public static Rm Flag(int number) => Field(CpuState.FccOffset + (number & 7));

    private void FprFromGpr(in Instruction i)
    {
        fpu.CheckUnit(i);
        int d = _vectors.Fresh();
        if (i.Opcode == Opcode.Movgr2frD)
        {
            _e.Vector(Simd.MovqLoad, 8, d, registers.Of(i.J));
        }
        else
        {
            // The other half of the register stays.
            int before = _vectors.Read(i.D, 8);
            _e.Vector(Simd.Pinsrd, 16, d, before, registers.Of(i.J), i.Opcode == Opcode.Movgr2frhW ? 1 : 0);
        }

        _vectors.Commit(i.D, d, 8);
    }

    private void GprFromFpr(in Instruction i)
    {
        fpu.CheckUnit(i);
        if (i.D == 0)
        {
            return;
        }

        Reg to = registers.Target(i.D, -1);
        if (_vectors.Holds(i.J))
        {
            _e.Vector(Simd.MovqStore, 8, _vectors.Read(i.J, 8), to);
        }
        else
        {
            _e.Mov(to, Fpr(i.J));
        }

        if (i.Opcode == Opcode.Movfr2grS)
        {
            _e.SignExtend32(to, to);
        }
        else if (i.Opcode == Opcode.Movfrh2grS)
        {
            _e.ShiftImmediate(Shift.Sar, to, 32);
        }

        registers.Write(i.D, to);
    }

    private void MoveFlag(in Instruction i)
    {
        fpu.CheckUnit(i);
        switch (i.Opcode)
        {
            case Opcode.Movgr2cf:
                _e.Mov(Reg.Rax, registers.Of(i.J));
                StoreFlag(i.D);
                break;
            case Opcode.Movfr2cf:
                _e.Vector(Simd.MovqStore, 8, _vectors.Read(i.J, 8), Reg.Rax);
                StoreFlag(i.D);
                break;
            case Opcode.Movcf2gr when i.D != 0:
                Reg to = registers.Target(i.D, -1);
                _e.ZeroExtend8(to, Flag(i.J));
                registers.Write(i.D, to);
                break;
            case Opcode.Movcf2fr:
                int d = _vectors.Fresh();
                _e.ZeroExtend8(Reg.Rax, Flag(i.J));
                _e.Vector(Simd.MovqLoad, 8, d, Reg.Rax);
                _vectors.Commit(i.D, d, 8);
                break;
        }
    }

    private void StoreFlag(int number)
    {
        _e.OpImmediate(Alu.And, Reg.Rax, 1, Width.W32);
        _e.StoreSized(Flag(number), Reg.Rax, 1);
    }

    /// <summary>
    /// Enables and the rounding mode are as they were written; Flags and Cause have to be brought up to date.
    /// </summary>
    private void ReadFcsr(in Instruction i)
    {
        fpu.CheckUnit(i);
        uint mask = Fcsr.Mask(i.J);
        if ((mask & Fcsr.StatusMask) != 0)
        {
            fpu.UpdateFcsr();
        }

        if (i.D != 0)
        {
            _e.Mov(Reg.Rax, Field(CpuState.FcsrOffset), Width.W32);
            _e.OpImmediate(Alu.And, Reg.Rax, (int)mask, Width.W32);
            registers.Write(i.D, Reg.Rax);
        }
    }

    private void WriteFcsr(in Instruction i)
    {
        fpu.CheckUnit(i);
        fpu.SettleFp();
        Rm fcsr = Field(CpuState.FcsrOffset);
        int mask = (int)Fcsr.Mask(i.D);
        _e.Mov(Reg.Rax, registers.Of(i.J), Width.W32);
        _e.OpImmediate(Alu.And, Reg.Rax, mask, Width.W32);
        _e.OpImmediate(Alu.And, fcsr, ~mask, Width.W32);
        _e.OpStore(Alu.Or, fcsr, Reg.Rax, Width.W32);
    }
}
