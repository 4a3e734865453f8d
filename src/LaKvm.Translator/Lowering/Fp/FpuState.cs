using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// What surrounds computing on the host's FPU: the unit's being on, MXCSR, and bringing FCSR0 up to date (see
/// <see cref="FpStubs"/>).
/// </summary>
internal sealed unsafe class FpuState(
    EmitContext context, Edges edges, LastOperations lastOperations, SlowPaths slowPaths)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    private static int UnitOf(in Instruction i) => (int)(CodeRegion.ChecksOf(i.Opcode.Info()) & Checks.Units);

    /// <summary>
    /// Makes sure, once in a block, that an instruction's unit is on: else the handler's call raises the exception.
    /// </summary>
    public void CheckUnit(in Instruction i)
    {
        int unit = UnitOf(i);
        if ((context.Facts.Checked & unit) == 0)
        {
            _e.TestByte(Field(CpuState.UnitsOffset), unit);
            slowPaths.AddSlowPath(_e.JumpIf(Condition.Equal, null), i);
            context.Facts.Checked |= unit;
        }
    }

    /// <summary>
    /// Makes sure, once in a block, that the host's FPU computes for the guest. If it cannot, because the unit is off
    /// or an exception enabled, the rest of the block is interpreted.
    /// </summary>
    public void BeginFp(in Instruction i)
    {
        int unit = UnitOf(i);
        if ((context.Facts.Ready & unit) == 0)
        {
            _e.TestByte(Field(CpuState.HostFpOffset), unit);
            AddInterpretation(TailKind.Begin, _e.JumpIf(Condition.Equal, null), unit);
            context.Facts.Ready |= unit;
            context.Facts.Checked |= unit;
        }
    }

    /// <summary>On a condition, has the rest of the block interpreted, from this instruction on.</summary>
    public void InterpretIf(Condition condition) =>
        AddInterpretation(TailKind.Interpret, _e.JumpIf(condition, null), 0);

    private void AddInterpretation(TailKind kind, byte* place, int unit) =>
        context.Tails.Add(new(kind, place, context.Offset, unit)
        {
            At = context.Now,
            Resume = (nint)_e.Position,
            Left = (context.BlockEnd - context.Offset) >> 2,
        });

    public void EmitBegin(in Tail tail)
    {
        _e.MovImmediate(Reg.Rcx, (uint)tail.Code);
        _e.Call(context.Stubs.Fp.Begin);
        _e.Test(Reg.Rax, Reg.Rax, Width.W32);
        _ = _e.JumpIf(Condition.Equal, (byte*)tail.Resume);
        EmitInterpretation(tail);
    }

    public void EmitInterpretation(in Tail tail)
    {
        lastOperations.EmitSave(tail.At.Facts.Last);
        _vectors.EmitSpill(tail.At.Vectors);
        _e.OpImmediate(Alu.Add, Budget, tail.Left);
        edges.LeaveRegisters();
        edges.EmitLeave(tail.Offset, (int)Exit.Short);
    }

    /// <summary>Emits what brings FCSR0 up to date, for an instruction that reads or writes it.</summary>
    public void SettleFp()
    {
        lastOperations.SaveLast();
        _vectors.WriteBack();
        _vectors.Clear();
        context.Stubs.Fp.EmitSettleIfDue(_e);
        context.Facts.Ready = 0;
    }

    /// <summary>Brings FCSR0 up to date and goes on computing, for an instruction that reads it.</summary>
    public void UpdateFcsr()
    {
        lastOperations.SaveLast();
        _vectors.WriteBack();
        _vectors.Clear();
        _e.CompareByte(Field(CpuState.HostFpOffset), 0);
        byte* skip = _e.JumpShort(Condition.Equal);
        _e.Call(context.Stubs.Fp.Update);
        _e.Land(skip);
    }
}
