using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// What surrounds computing on the host's FPU: the unit's being on, MXCSR, and the operands by which the exceptions of the
/// last operation can be told later (see <see cref="FpStubs"/>).
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

    /// <summary>What is known of vector registers and the FPU's state at the beginning of a block and behind handlers.</summary>
    private void ForgetVectors()
    {
        _vectors.Clear();
        _checked = 0;
        _ready = 0;
    }

    private static int UnitOf(in Instruction i) => (int)(CodeRegion.ChecksOf(i.Opcode.Info()) & Checks.Units);

    /// <summary>Makes sure, once in a block, that an instruction's unit is on: else the handler's call raises the exception.</summary>
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
    /// Makes sure, once in a block, that the host's FPU computes for the guest. If it cannot, because the unit is off or an
    /// exception enabled, the rest of the block is interpreted.
    /// </summary>
    private void BeginFp(in Instruction i)
    {
        int unit = UnitOf(i);
        if ((_ready & unit) == 0)
        {
            _e.TestByte(Field(CpuState.HostFpOffset), unit);
            byte* place = _e.JumpIf(Condition.Equal, null);
            _tails.Add(new(TailKind.Begin, place, _offset, unit)
            {
                Resume = (nint)_e.Position,
                Held = _vectors.Now,
                Left = (_blockEnd - _offset) >> 2,
            });
            _ready |= unit;
            _checked |= unit;
        }
    }

    private void EmitBegin(in Tail tail)
    {
        _e.MovImmediate(Reg.Rcx, (uint)tail.Code);
        _e.Call(stubs.Fp.Begin);
        _e.Test(Reg.Rax, Reg.Rax, Width.W32);
        _ = _e.JumpIf(Condition.Equal, (byte*)tail.Resume);
        _vectors.EmitSpill(tail.Held);
        _e.OpImmediate(Alu.Add, Budget, tail.Left);
        LeaveRegisters();
        EmitLeave(tail.Offset, (int)Exit.Short);
    }

    /// <summary>Emits what brings FCSR0 up to date, for an instruction that reads or writes it.</summary>
    private void SettleFp()
    {
        _vectors.WriteBack();
        _vectors.Clear();
        stubs.Fp.EmitSettleIfDue(_e);
        _ready = 0;
    }

    /// <summary>Keeps the operands of an operation if its Cause may be seen before another operation replaces it.</summary>
    private void KeepOperands(in Instruction i, in FpRow row, int j, int k, int a)
    {
        if (!IsCauseSeen(i))
        {
            return;
        }

        ReadOnlySpan<int> registers = [j, k, a];
        for (int n = 0; n < row.Operands; n++)
        {
            _e.StoreVector(row.Bytes, Operand(n), registers[n]);
        }

        _e.StoreImmediate32(Field(CpuState.LastFpOffset), _repetitions[i.Opcode]);
    }

    private static Rm Operand(int n) => Field(CpuState.LastFpOperandsOffset + (n * 32));

    /// <summary>
    /// Whether the block may be left, or its end reached, before another operation of the same unit: that rewrites Cause, and
    /// with no exception enabled it cannot trap.
    /// </summary>
    private bool IsCauseSeen(in Instruction i)
    {
        for (int next = _offset + 4; next < _blockEnd; next += 4)
        {
            Opcode opcode = region[next].Opcode;
            if (FpTable.Of(opcode).Kind != FpKind.None)
            {
                return UnitOf(region[next]) != UnitOf(i);
            }

            bool isQuietMove = IsFpMove(opcode) || VectorTable.Of(opcode).Kind is > VectorKind.None and < VectorKind.Load
                and not VectorKind.Constant;
            if (!IsQuiet(opcode) && !(isQuietMove && UnitOf(region[next]) == UnitOf(i)))
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>Whether an instruction is always done by straight machine code: no handler, no way out of the block.</summary>
    private static bool IsQuiet(Opcode opcode) => opcode is >= Opcode.AddW and <= Opcode.SraD
        or (>= Opcode.AlslD and <= Opcode.SraiD) or (>= Opcode.Slti and <= Opcode.Pcaddu18i);

    /// <summary>The same, for instructions of the floating-point unit where that is on.</summary>
    private static bool IsFpMove(Opcode opcode) => opcode is (>= Opcode.FcopysignS and <= Opcode.FnegD)
        or (>= Opcode.FmovS and <= Opcode.Movfrh2grS) or Opcode.Fsel;

    /// <summary>Emits, once for each row, the code that does an operation again with the operands that were kept.</summary>
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
            if (row.Kind != FpKind.None && CanCompute(row) && _repetitions.TryAdd(i.Opcode, (int)(_e.Position - stubs.Fp.Base)))
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
}
