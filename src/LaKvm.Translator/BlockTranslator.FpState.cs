using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// What surrounds computing on the host's FPU: the unit's being on, MXCSR, and the operands by which the exceptions of
/// the last operation can be told later (see <see cref="FpStubs"/>).
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>Where a repetition has its operands, and the one in which it leaves what it computes.</summary>
    private const int RepeatJ = 4, RepeatK = 5, RepeatA = 6, RepeatD = 7;

    private readonly VectorCache _vectors = new(emitter);
    private readonly Dictionary<Opcode, int> _repetitions = [];
    private int _repetitionsFlush;

    /// <summary>Units that are known to be on at this place of the block.</summary>
    private int _checked;

    /// <summary>Units for which the host's FPU is known to compute for the guest.</summary>
    private int _ready;

    /// <summary>The last operation, if it is not saved.</summary>
    private LastOperation _last;

    /// <summary>
    /// What is known of vector registers and the FPU's state at the beginning of a block and behind handlers.
    /// </summary>
    private void ForgetVectors()
    {
        _vectors.Clear();
        _last = default;
        _group = NoGroup;
        _checked = 0;
        _ready = 0;
    }

    private static int UnitOf(in Instruction i) => (int)(CodeRegion.ChecksOf(i.Opcode.Info()) & Checks.Units);

    /// <summary>
    /// Makes sure, once in a block, that an instruction's unit is on: else the handler's call raises the exception.
    /// </summary>
    private void CheckUnit(in Instruction i)
    {
        int unit = UnitOf(i);
        if ((_checked & unit) == 0)
        {
            _e.TestByte(Field(CpuState.UnitsOffset), unit);
            AddSlowPath(_e.JumpIf(Condition.Equal, null), i);
            _checked |= unit;
        }
    }

    /// <summary>
    /// Makes sure, once in a block, that the host's FPU computes for the guest. If it cannot, because the unit is off
    /// or an exception enabled, the rest of the block is interpreted.
    /// </summary>
    private void BeginFp(in Instruction i)
    {
        int unit = UnitOf(i);
        if ((_ready & unit) == 0)
        {
            _e.TestByte(Field(CpuState.HostFpOffset), unit);
            AddInterpretation(TailKind.Begin, _e.JumpIf(Condition.Equal, null), unit);
            _ready |= unit;
            _checked |= unit;
        }
    }

    /// <summary>On a condition, has the rest of the block interpreted, from this instruction on.</summary>
    private void InterpretIf(Condition condition) =>
        AddInterpretation(TailKind.Interpret, _e.JumpIf(condition, null), 0);

    private void AddInterpretation(TailKind kind, byte* place, int unit) => _tails.Add(new(kind, place, _offset, unit)
    {
        Resume = (nint)_e.Position,
        Held = _vectors.Now,
        Last = _last,
        Narrow = _narrow,
        Left = (_blockEnd - _offset) >> 2,
    });

    private void EmitBegin(in Tail tail)
    {
        _e.MovImmediate(Reg.Rcx, (uint)tail.Code);
        _e.Call(stubs.Fp.Begin);
        _e.Test(Reg.Rax, Reg.Rax, Width.W32);
        _ = _e.JumpIf(Condition.Equal, (byte*)tail.Resume);
        EmitInterpretation(tail);
    }

    private void EmitInterpretation(in Tail tail)
    {
        EmitSave(tail.Last);
        _vectors.EmitSpill(tail.Held);
        _e.OpImmediate(Alu.Add, Budget, tail.Left);
        LeaveRegisters();
        EmitLeave(tail.Offset, (int)Exit.Short);
    }

    /// <summary>Emits what brings FCSR0 up to date, for an instruction that reads or writes it.</summary>
    private void SettleFp()
    {
        SaveLast();
        _vectors.WriteBack();
        _vectors.Clear();
        stubs.Fp.EmitSettleIfDue(_e);
        _ready = 0;
    }

    /// <summary>Brings FCSR0 up to date and goes on computing, for an instruction that reads it.</summary>
    private void UpdateFcsr()
    {
        SaveLast();
        _vectors.WriteBack();
        _vectors.Clear();
        _e.CompareByte(Field(CpuState.HostFpOffset), 0);
        byte* skip = _e.JumpShort(Condition.Equal);
        _e.Call(stubs.Fp.Update);
        _e.Land(skip);
    }

    /// <summary>
    /// Notes the operation just emitted as the last one: where the block is left before another one, its operands are
    /// saved, see <see cref="EmitSave"/>. Until then they stay in their host registers.
    /// </summary>
    private void NoteLast(in Instruction i, in FpRow row, int j, int k, int a)
    {
        ReadOnlySpan<int> hosts = [j, k, a];
        _last = new(_repetitions[i.Opcode], (byte)row.Operands, (byte)row.Bytes, (sbyte)j, (sbyte)k, (sbyte)a);
        _vectors.Keep(hosts[..row.Operands]);
    }

    /// <summary>Saves the last operation here.</summary>
    private void SaveLast()
    {
        EmitSave(_last);
        _last = default;
        _vectors.Keep([]);
    }

    private void EmitSave(in LastOperation last)
    {
        if (last.Operands == 0)
        {
            return;
        }

        for (int n = 0; n < last.Operands; n++)
        {
            _e.StoreVector(last.Bytes, Operand(n), last[n]);
        }

        _e.StoreImmediate32(Field(CpuState.LastFpOffset), last.Repetition);
    }

    /// <summary>Behind a handler that was called after <see cref="EmitSave"/>: the operands are wanted again.</summary>
    private void EmitRestore(in LastOperation last)
    {
        for (int n = 0; n < last.Operands; n++)
        {
            _e.LoadVector(last.Bytes, last[n], Operand(n));
        }
    }

    private static Rm Operand(int n) => Field(CpuState.LastFpOperandsOffset + (n * 32));

    /// <summary>
    /// Emits, once for each row, the code that does an operation again with the operands that were kept.
    /// </summary>
    private void PrepareRepetitions()
    {
        if (_repetitionsFlush != arena.Flushes)
        {
            _repetitions.Clear();
            _repetitionsFlush = arena.Flushes;
        }

        for (int at = region.Start; at < region.End; at += 4)
        {
            ref readonly Instruction i = ref region[at];
            FpRow row = FpTable.Of(i.Opcode);
            if (row.Kind != FpKind.None && CanCompute(row)
                && _repetitions.TryAdd(i.Opcode, (int)(_e.Position - stubs.Fp.Base)))
            {
                EmitRepetition(i, row);
            }
        }
    }

    private void EmitRepetition(in Instruction i, in FpRow row)
    {
        for (int n = 0; n < row.Operands; n++)
        {
            _e.LoadVector(row.Bytes, RepeatJ + n, Operand(n));
        }

        Compute(i, row, RepeatD, RepeatJ, RepeatK, RepeatA);
        _e.Return();
    }

    /// <summary>An operation whose exceptions are in MXCSR, and the host registers that have its operands.</summary>
    private readonly record struct LastOperation(int Repetition, byte Operands, byte Bytes, sbyte J, sbyte K, sbyte A)
    {
        public int this[int n] => n switch { 0 => J, 1 => K, _ => A };
    }
}
