using LaKvm.Cpu;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// How FCSR0 stays exact while the host's FPU computes. Between <see cref="Begin"/> and <see cref="Settle"/> MXCSR has
/// the guest's rounding mode and gathers the exceptions of all operations, which become Flags in the end. Cause belongs
/// to the last operation alone: its operands are in the state, and it is done once more with no exception raised
/// before.
/// </summary>
/// <remarks>
/// With no exception enabled, which <see cref="Begin"/> asks for, the host raises for each operation what the manual
/// says (vol. 1, 3.1.4): both detect tininess after rounding, and an exact tiny result is no underflow. Where they
/// differ in the result (NaNs, saturation), the handler does the operation again, and its exceptions include the
/// host's.
/// </remarks>
internal sealed unsafe class FpStubs
{
    /// <summary>The exception bits of MXCSR.</summary>
    private const int Raised = 0x3F;

    private const int RoundingShift = 13;

    private readonly byte* _flagsOf;
    private readonly byte* _mxcsrOf;

    /// <summary>Writes tables and stubs at <paramref name="emitter"/>'s position.</summary>
    public FpStubs(Emitter emitter)
    {
        Base = emitter.Position;
        _flagsOf = Base;
        _mxcsrOf = Base + Raised + 1;
        WriteTables(emitter.WriteOffset);
        emitter.Position = _mxcsrOf + (4 * sizeof(uint));
        Begin = emitter.Position;
        EmitBegin(emitter);
        Update = emitter.Position;
        EmitUpdate(emitter);
        Settle = emitter.Position;
        EmitSettle(emitter);
    }

    /// <summary>What <see cref="CpuState.LastFp"/> counts from: the code that does the last operation again.</summary>
    public byte* Base { get; }

    /// <summary>
    /// Makes MXCSR the guest's; ecx is the bit of the unit that is needed. eax is not 0 if that unit is off or an
    /// exception enabled. Changes no vector register, and no other general one.
    /// </summary>
    public byte* Begin { get; }

    /// <summary>
    /// Brings FCSR0 up to date; MXCSR stays the guest's. Keeps all but rax, rcx and the vector registers.
    /// </summary>
    public byte* Update { get; }

    /// <summary>Brings FCSR0 up to date and MXCSR back. Keeps all but rax, rcx and the vector registers.</summary>
    public byte* Settle { get; }

    /// <summary>Calls <see cref="Settle"/> if it is due.</summary>
    public void EmitSettleIfDue(Emitter e)
    {
        e.CompareByte(Field(CpuState.HostFpOffset), 0);
        byte* skip = e.JumpShort(Condition.Equal);
        e.Call(Settle);
        e.Land(skip);
    }

    private static Rm Mxcsr => Field(CpuState.HostMxcsrOffset);

    private void WriteTables(nint writeOffset)
    {
        // MXCSR: IE, DE (no exception of the guest's), ZE, OE, UE, PE. RC: nearest, down, up, to zero.
        for (int raised = 0; raised <= Raised; raised++)
        {
            _flagsOf[raised + writeOffset] =
                (byte)(((raised >> 5) & 1) | ((raised >> 3) & 2) | ((raised >> 1) & 4) | ((raised << 1) & 8)
                | ((raised << 4) & 16));
        }

        ReadOnlySpan<uint> rounding = [0, 3, 2, 1];
        for (int mode = 0; mode < rounding.Length; mode++)
        {
            ((uint*)(_mxcsrOf + writeOffset))[mode] = Stubs.DefaultMxcsr | (rounding[mode] << RoundingShift);
        }
    }

    private void EmitBegin(Emitter e)
    {
        e.MovImmediate(Reg.Rax, 1);
        e.TestImmediate(Field(CpuState.FcsrOffset), Fcsr.EnablesMask);
        byte* enabled = e.JumpShort(Condition.NotEqual);
        e.TestByte(Field(CpuState.UnitsOffset), Reg.Rcx);
        byte* off = e.JumpShort(Condition.Equal);
        e.Mov(Reg.Rcx, Field(CpuState.FcsrOffset), Width.W32);
        e.ShiftImmediate(Shift.Shr, Reg.Rcx, Fcsr.RmShift, Width.W32);
        e.OpImmediate(Alu.And, Reg.Rcx, 3, Width.W32);
        e.LeaNear(Reg.Rax, _mxcsrOf);
        e.LoadMxcsr(Rm.At(Reg.Rax, Reg.Rcx, 2));
        e.ZeroExtend8(Reg.Rax, Field(CpuState.UnitsOffset));
        e.StoreSized(Field(CpuState.HostFpOffset), Reg.Rax, 1);
        e.Op(Alu.Xor, Reg.Rax, Reg.Rax, Width.W32);
        e.Land(enabled);
        e.Land(off);
        e.Return();
    }

    private void EmitSettle(Emitter e)
    {
        e.StoreByte(Field(CpuState.HostFpOffset), 0);
        e.Call(Update);
        e.OpImmediate(Alu.Cmp, Mxcsr, Stubs.DefaultMxcsr | Raised, Width.W32);
        byte* nearest = e.JumpShort(Condition.BelowOrEqual);
        e.LeaNear(Reg.Rax, _mxcsrOf);
        e.LoadMxcsr(Rm.At(Reg.Rax));
        e.Land(nearest);
        e.Return();
    }

    private void EmitUpdate(Emitter e)
    {
        EmitTake(e);
        e.ShiftImmediate(Shift.Shl, Reg.Rax, Fcsr.FlagsShift, Width.W32);
        e.OpStore(Alu.Or, Field(CpuState.FcsrOffset), Reg.Rax, Width.W32);
        e.OpImmediate(Alu.Cmp, Field(CpuState.LastFpOffset), 0, Width.W32);
        byte* isKnown = e.JumpIf(Condition.Equal, null);
        EmitCause(e);
        e.Patch(isKnown, e.Position);
        e.Return();
    }

    private void EmitCause(Emitter e)
    {
        // Loading MXCSR makes the host wait for all that it computes.
        e.TestImmediate(Mxcsr, Raised);
        byte* isClear = e.JumpShort(Condition.Equal);
        e.OpImmediate(Alu.And, Mxcsr, ~Raised, Width.W32);
        e.LoadMxcsr(Mxcsr);
        e.Land(isClear);
        e.LeaNear(Reg.Rcx, Base);
        e.Mov(Reg.Rax, Field(CpuState.LastFpOffset), Width.W32);
        e.Op(Alu.Add, Reg.Rcx, Reg.Rax);
        e.CallRegister(Reg.Rcx);
        EmitTake(e);
        e.ShiftImmediate(Shift.Shl, Reg.Rax, Fcsr.CauseShift, Width.W32);
        e.OpImmediate(Alu.And, Field(CpuState.FcsrOffset), ~(int)Fcsr.CauseMask, Width.W32);
        e.OpStore(Alu.Or, Field(CpuState.FcsrOffset), Reg.Rax, Width.W32);
        e.StoreImmediate32(Field(CpuState.LastFpOffset), 0);
    }

    /// <summary>eax = what MXCSR has raised, as the guest's five bits.</summary>
    private void EmitTake(Emitter e)
    {
        e.StoreMxcsr(Mxcsr);
        e.Mov(Reg.Rax, Mxcsr, Width.W32);
        e.OpImmediate(Alu.And, Reg.Rax, Raised, Width.W32);
        e.LeaNear(Reg.Rcx, _flagsOf);
        e.ZeroExtend8(Reg.Rax, Rm.At(Reg.Rcx, Reg.Rax, 0));
    }
}
