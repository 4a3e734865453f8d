using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// Floating-point arithmetic on the host's FPU (manual vol. 1, 3.2.1), where both do the same: rounding to nearest, nothing
/// enabled, and a number as result that raises inexact at most. In all other cases the handler does it again.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    private const int SseLoad = 0x10, SseStore = 0x11, SseSqrt = 0x51, SseAdd = 0x58, SseMul = 0x59, SseSub = 0x5C, SseDiv = 0x5E;

    /// <summary>Exceptions of MXCSR: all but the last, inexact.</summary>
    private const int MxcsrSerious = 0x1F, MxcsrInexact = 0x20;

    private bool FpArithmetic(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.FaddS: Compute(SseAdd, false, i); break;
            case Opcode.FaddD: Compute(SseAdd, true, i); break;
            case Opcode.FsubS: Compute(SseSub, false, i); break;
            case Opcode.FsubD: Compute(SseSub, true, i); break;
            case Opcode.FmulS: Compute(SseMul, false, i); break;
            case Opcode.FmulD: Compute(SseMul, true, i); break;
            case Opcode.FdivS: Compute(SseDiv, false, i); break;
            case Opcode.FdivD: Compute(SseDiv, true, i); break;
            case Opcode.FsqrtS: Compute(SseSqrt, false, i); break;
            case Opcode.FsqrtD: Compute(SseSqrt, true, i); break;
            default: return false;
        }

        return true;
    }

    private void Compute(int operation, bool isDouble, in Instruction i)
    {
        Rm clear = Rm.At(Reg.Rsp), raised = Rm.At(Reg.Rsp, 4);
        CheckFp(i);
        _e.TestImmediate(Field(CpuState.FcsrOffset), Fcsr.EnablesMask | Fcsr.RmMask);
        AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        _e.LoadMxcsr(clear);
        if (operation == SseSqrt)
        {
            _e.Scalar(operation, isDouble, 0, Fpr(i.J));
        }
        else
        {
            _e.Scalar(SseLoad, isDouble, 0, Fpr(i.J));
            _e.Scalar(operation, isDouble, 0, Fpr(i.K));
        }

        _e.StoreMxcsr(raised);
        _e.TestByte(raised, MxcsrSerious);
        AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        _e.CompareWithSelf(0, isDouble);
        AddSlowPath(_e.JumpIf(Condition.Parity, null), i);
        UpdateFcsr(raised);
        if (!isDouble)
        {
            // A single number has ones above it, as everywhere in this machine.
            _e.StoreImmediate(Fpr(i.D), -1);
        }

        _e.Scalar(SseStore, isDouble, 0, Fpr(i.D));
        ResumeHere(paths: 3);
    }

    /// <summary>Cause becomes inexact or nothing; Flags gather it (manual vol. 1, 3.1.2.3).</summary>
    private void UpdateFcsr(Rm raised)
    {
        const int inexactToFlags = Fcsr.FlagsShift - 5;
        _e.Mov(Reg.Rax, raised, Width.W32);
        _e.OpImmediate(Alu.And, Reg.Rax, MxcsrInexact, Width.W32);
        _e.ShiftImmediate(Shift.Shl, Reg.Rax, inexactToFlags, Width.W32);
        _e.Mov(Reg.Rcx, Reg.Rax, Width.W32);
        _e.ShiftImmediate(Shift.Shl, Reg.Rcx, Fcsr.CauseShift - Fcsr.FlagsShift, Width.W32);
        _e.Op(Alu.Or, Reg.Rax, Reg.Rcx, Width.W32);
        _e.Mov(Reg.Rcx, Field(CpuState.FcsrOffset), Width.W32);
        _e.OpImmediate(Alu.And, Reg.Rcx, ~(int)Fcsr.CauseMask, Width.W32);
        _e.Op(Alu.Or, Reg.Rax, Reg.Rcx, Width.W32);
        _e.Store(Field(CpuState.FcsrOffset), Reg.Rax, Width.W32);
    }
}
