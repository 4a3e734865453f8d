using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Floating-point instructions (manual vol. 1, 3.2): what surrounds an operation of <see cref="FpOperations"/>. Results
/// that the host may have different, NaNs and integers out of range, are left to the interpreter, with the rest of the
/// block.
/// </summary>
internal sealed unsafe class FpEmitter(
    EmitContext context, FpConversions conversions, FpMemoryEmitter fpMemory, FpMoveEmitter fpMoves,
    FpOperations operations, FpuState fpu, LastOperations lastOperations)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    public bool Emit(in Instruction i)
    {
        if (i.Opcode.Info().Unit == Unit.None || !context.Features.Sse41)
        {
            return false;
        }

        FpRow row = FpTable.Of(i.Opcode);
        if (row.Kind == FpKind.None)
        {
            return fpMoves.Emit(i) || fpMemory.Emit(i);
        }

        if (!row.IsComputedBy(context.Features))
        {
            return false;
        }

        fpu.BeginFp(i);
        switch (row.Kind)
        {
            case FpKind.Extremum: Extremum(i, row); break;
            case FpKind.Compare when row.IsScalar: CompareToFlag(i, row); break;
            case FpKind.ToInt32 or FpKind.ToInt64 when row.IsScalar: ToIntegerRegister(i, row); break;
            case FpKind.ToInt32 or FpKind.ToInt64 or FpKind.NarrowToInt32: ToIntegerElements(i, row); break;
            default: Arithmetic(i, row); break;
        }

        return true;
    }

    private void Arithmetic(in Instruction i, in FpRow row)
    {
        int j = _vectors.Read(i.J, row.Bytes), k = -1, a = -1;
        if (row.Operands > 1)
        {
            k = _vectors.Read(i.K, row.Bytes);
        }

        if (row.Operands > 2)
        {
            a = _vectors.Read(i.A, row.Bytes);
        }

        if (row.Kind == FpKind.Scale)
        {
            CheckScale(row, k);
        }

        int d = _vectors.Fresh();
        operations.Compute(i, row, d, j, k, a);
        if (row.ChecksResult)
        {
            CheckOrdered(row, d, d);
        }

        if (row.Kind == FpKind.MultiplyAdd && row.Mode != 0)
        {
            _e.Vector(Simd.Xorps, row.Bytes, d, d, SignsOf(row));
        }

        lastOperations.NoteLast(i, row, j, k, a);
        bool isBoxed = IsSingleResult(row) && Boxed(i, row, d);
        _vectors.CommitResult(i, d, row.Bytes, isBoxed);
    }

    /// <summary>Whether the result is a single number, with ones above it.</summary>
    private static bool IsSingleResult(in FpRow row) =>
        row.IsScalar && row.Kind is not (FpKind.Round or FpKind.ToDouble)
        && (row.IsDouble == (row.Kind == FpKind.ToSingle));

    /// <summary>Puts ones above a single number where they are not there already; true.</summary>
    private bool Boxed(in Instruction i, in FpRow row, int d)
    {
        // The host takes what is above a result from the first operand.
        bool isBoxed = row.Kind switch
        {
            FpKind.Binary or FpKind.Scale or FpKind.SquareRoot => _vectors.IsBoxed(i.J),
            FpKind.MultiplyAdd => _vectors.IsBoxed(i.A),
            FpKind.Extremum => false,
            _ => true,
        };
        if (!isBoxed)
        {
            _e.Vector(Simd.Orps, 16, d, d, context.Constant(FpRow.Box));
        }

        return true;
    }

    /// <summary>To the interpreter if the power is no normal number: one multiplication would not do.</summary>
    private void CheckScale(in FpRow row, int k)
    {
        operations.ScaleExponent(row, k);
        _e.OpImmediate(Alu.Sub, Reg.Rax, 1, FpOperations.WidthOf(row));
        _e.OpImmediate(Alu.Cmp, Reg.Rax, row.IsDouble ? 2045 : 253, FpOperations.WidthOf(row));
        fpu.InterpretIf(Condition.Above);
    }

    private Rm SignsOf(in FpRow row) =>
        context.Constant(
            row.IsDouble ? FpRow.SignDouble : row.IsScalar ? FpRow.SignSingle : FpRow.SignsSingle);

    /// <summary>To the interpreter if one of two is no number.</summary>
    private void CheckOrdered(in FpRow row, int first, int second)
    {
        if (row.IsScalar)
        {
            _e.Vector((Simd)((int)Simd.Ucomis | (row.IsDouble ? 0x1000 : 0)), 8, first, Rm.Xmm(second));
            fpu.InterpretIf(Condition.Parity);
        }
        else
        {
            const int unordered = 3;
            _e.Vector(row.Host(0xC2), row.Bytes, 0, first, Rm.Xmm(second), unordered);
            _e.Vector(Simd.Ptest, row.Bytes, 0, Rm.Xmm(0));
            fpu.InterpretIf(Condition.NotEqual);
        }
    }

    /// <summary>
    /// maxNum, minNum: NaNs go to the interpreter. Of two zeros the host returns the second; both orders joined give
    /// the one that is greater (no sign: and) or less (or), and are the same for other numbers.
    /// </summary>
    private void Extremum(in Instruction i, in FpRow row)
    {
        int j = _vectors.Read(i.J, row.Bytes), k = _vectors.Read(i.K, row.Bytes), d = _vectors.Fresh();
        CheckOrdered(row, j, k);
        _e.Vector(row.Host(row.Op), row.Bytes, 0, j, Rm.Xmm(k));
        _e.Vector(row.Host(row.Op), row.Bytes, d, k, Rm.Xmm(j));
        _e.Vector(row.Op == FpRow.Max ? Simd.Andps : Simd.Orps, row.Bytes, d, d, Rm.Xmm(0));
        lastOperations.NoteLast(i, row, j, k, -1);
        bool isBoxed = IsSingleResult(row) && Boxed(i, row, d);
        _vectors.CommitResult(i, d, row.Bytes, isBoxed);
    }

    private void CompareToFlag(in Instruction i, in FpRow row)
    {
        int j = _vectors.Read(i.J, 8), k = _vectors.Read(i.K, 8);
        operations.Compare(i, row, -1, j, k);
        _e.StoreSized(Field(CpuState.FccOffset + (i.D & 7)), Reg.Rax, 1);
        lastOperations.NoteLast(i, row, j, k, -1);
    }

    /// <summary>What is out of range, or one integer that the host answers it with, goes to the interpreter.</summary>
    private void ToIntegerRegister(in Instruction i, in FpRow row)
    {
        int j = _vectors.Read(i.J, 8), d = _vectors.Fresh();
        operations.ToInteger(row, j);
        _e.OpImmediate(Alu.Cmp, Reg.Rax, 1, row.Kind == FpKind.ToInt32 ? Width.W32 : Width.W64);
        fpu.InterpretIf(Condition.Overflow);
        operations.RaiseInexact(row, j);
        if (row.Kind == FpKind.ToInt32)
        {
            _e.SignExtend32(Reg.Rax, Reg.Rax);
        }

        _e.Vector(Simd.MovqLoad, 8, d, Reg.Rax);
        lastOperations.NoteLast(i, row, j, -1, -1);
        _vectors.Commit(i.D, d, 8);
    }

    /// <summary>
    /// If some element is the integer that the host answers what is out of range with, the interpreter does it.
    /// </summary>
    private void ToIntegerElements(in Instruction i, in FpRow row)
    {
        int j = _vectors.Read(i.J, row.Bytes), k = row.Operands > 1
            ? _vectors.Read(i.K, row.Bytes)
            : -1, d = _vectors.Fresh();
        conversions.ToIntegers(row, d, j, k);
        if (row.Kind == FpKind.ToInt64)
        {
            _e.Vector(Simd.Pcmpeqq, row.Bytes, 0, d, context.Constant(FpRow.SignDouble));
        }
        else
        {
            _e.Vector(Simd.Pcmpeqd, row.Bytes, 0, d, context.Constant(FpRow.SignsSingle));
        }

        _e.Vector(Simd.Ptest, row.Bytes, 0, Rm.Xmm(0));
        fpu.InterpretIf(Condition.NotEqual);
        conversions.RaiseInexactOfElements(row, j, k);
        lastOperations.NoteLast(i, row, j, k, -1);
        _vectors.CommitResult(i, d, row.Bytes);
    }
}
