using LaKvm.Isa;
using static LaKvm.Translator.FpRow;

namespace LaKvm.Translator;

/// <summary>
/// The floating-point operations themselves, on host registers (manual vol. 1, 3.2.1 to 3.2.3): used in place, and to
/// do the last operation again. xmm0 to xmm2, rax and rcx are scratch.
/// </summary>
internal sealed unsafe class FpOperations(EmitContext context, FpConversions conversions)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>
    /// Emits d = the operation on j, k and a, all different; for conversions to integers eax or rax = the result.
    /// </summary>
    public void Compute(in Instruction i, in FpRow row, int d, int j, int k, int a)
    {
        switch (row.Kind)
        {
            case FpKind.Binary:
                _e.Vector(row.Host(row.Op), row.Bytes, d, j, Rm.Xmm(k));
                break;
            case FpKind.Scale:
                ScaleExponent(row, k);
                PowerOfTwo(row, 0);
                _e.Vector(row.Host(row.Op), row.Bytes, d, j, Rm.Xmm(0));
                break;
            case FpKind.SquareRoot:
                SquareRoot(row, d, j);
                break;
            case FpKind.Reciprocal:
                _e.LoadVector(row.Bytes, 0, One(row));
                _e.Vector(row.Host(Div), row.Bytes, d, 0, Rm.Xmm(j));
                break;
            case FpKind.ReciprocalRoot:
                SquareRoot(row, 1, j);
                _e.LoadVector(row.Bytes, 0, One(row));
                _e.Vector(row.Host(Div), row.Bytes, d, 0, Rm.Xmm(1));
                break;
            case FpKind.MultiplyAdd:
                _e.CopyVector(row.Bytes, d, a);
                _e.Vector(Fma(row), row.Bytes, d, j, Rm.Xmm(k));
                break;
            case FpKind.Compare:
                Compare(i, row, d, j, k);
                break;
            case FpKind.Round:
                Round(row, d, j, row.Mode);
                break;
            default:
                if (row.IsScalar)
                {
                    ConvertScalar(row, d, j);
                }
                else
                {
                    conversions.ConvertVector(row, d, j, k);
                }

                break;
        }
    }

    /// <summary>rax = the biased exponent of two to the power of k.</summary>
    public void ScaleExponent(in FpRow row, int k)
    {
        _e.Vector(row.IsDouble ? Simd.MovqStore : Simd.MovdStore, 8, k, Reg.Rax);
        _e.OpImmediate(Alu.Add, Reg.Rax, row.IsDouble ? 1023 : 127, WidthOf(row));
    }

    private void PowerOfTwo(in FpRow row, int d)
    {
        _e.ShiftImmediate(Shift.Shl, Reg.Rax, row.IsDouble ? 52 : 23, WidthOf(row));
        _e.Vector(Simd.MovqLoad, 8, d, Reg.Rax);
    }

    public static Width WidthOf(in FpRow row) => row.IsDouble ? Width.W64 : Width.W32;

    private void ConvertScalar(in FpRow row, int d, int j)
    {
        switch (row.Kind)
        {
            case FpKind.ToInt32 or FpKind.ToInt64:
                ToInteger(row, j);
                RaiseInexact(row, j);
                break;
            case FpKind.FromInt32 when row.IsDouble:
                // The upper of the two elements goes nowhere and, as every conversion of 32 bits to a double, raises
                // nothing.
                _e.Vector(Simd.Cvtdq2pd, 16, d, Rm.Xmm(j));
                break;
            case FpKind.FromInt32:
                _e.Vector(Simd.MovdStore, 8, j, Reg.Rax);
                FromInteger(row, d, Width.W32);
                break;
            case FpKind.FromInt64:
                _e.Vector(Simd.MovqStore, 8, j, Reg.Rax);
                FromInteger(row, d, Width.W64);
                break;
            case FpKind.ToSingle:
                _e.LoadVector(8, 0, context.Constant(Box));
                _e.Vector(Simd.Cvtsd2ss, 8, d, 0, Rm.Xmm(j));
                break;
            case FpKind.ToDouble:
                _e.Vector(Simd.Cvtss2sd, 8, d, j, Rm.Xmm(j));
                break;
        }
    }

    private static Simd Fma(in FpRow row) =>
        (Simd)((row.IsDouble ? 0x9200 : 0x1200) | row.Op | (row.IsScalar ? 1 : 0));

    /// <summary>1.0; a scalar single has the upper half of a result.</summary>
    private Rm One(in FpRow row) => context.Constant(
        row.IsDouble ? 0x3FF0_0000_0000_0000 : row.IsScalar ? Box | 0x3F80_0000 : 0x3F80_0000_3F80_0000);

    private void SquareRoot(in FpRow row, int d, int j)
    {
        if (row.IsScalar)
        {
            _e.Vector(row.Host(Sqrt), row.Bytes, d, j, Rm.Xmm(j));
        }
        else
        {
            _e.Vector(row.Host(Sqrt), row.Bytes, d, Rm.Xmm(j));
        }
    }

    /// <summary>frint.s clears the upper half of its register.</summary>
    private void Round(in FpRow row, int d, int j, int mode)
    {
        int op = row.IsDouble ? 0x1309 : 0x1308;
        if (!row.IsScalar)
        {
            _e.VectorImmediate((Simd)op, row.Bytes, d, Rm.Xmm(j), mode);
            return;
        }

        if (!row.IsDouble)
        {
            _e.Vector(Simd.Xorps, 16, 1, 1, Rm.Xmm(1));
        }

        _e.Vector((Simd)op + 2, row.Bytes, d, row.IsDouble ? j : 1, Rm.Xmm(j), mode);
    }

    /// <summary>
    /// rax = j as an integer. With a rounding mode of its own j is first made integral, which must not raise inexact
    /// where the result is out of range: <see cref="RaiseInexact"/> does it afterwards.
    /// </summary>
    public void ToInteger(in FpRow row, int j)
    {
        Width width = row.Kind == FpKind.ToInt32 ? Width.W32 : Width.W64;
        if (row.Mode is Current or ToZero)
        {
            _e.ToInteger(row.IsDouble, row.Mode == ToZero, Reg.Rax, Rm.Xmm(j), width);
            return;
        }

        Round(row, 0, j, row.Mode | Quietly);
        _e.ToInteger(row.IsDouble, truncate: true, Reg.Rax, Rm.Xmm(0), width);
    }

    public void RaiseInexact(in FpRow row, int j)
    {
        if (row.Mode is not (Current or ToZero))
        {
            Round(row, 0, j, row.Mode);
        }
    }

    private void FromInteger(in FpRow row, int d, Width width)
    {
        _e.LoadVector(8, 0, context.Constant(Box));
        _e.FromInteger(row.IsDouble, d, 0, Reg.Rax, width);
    }

    /// <summary>
    /// Compares scalars: al = 1 if the condition holds; vectors: d = ones where it does (vol. 1, 3.2.2.1).
    /// </summary>
    public void Compare(in Instruction i, in FpRow row, int d, int j, int k)
    {
        int condition = (int)(i.Word >> 15) & 31;
        if (row.IsScalar)
        {
            CompareScalar(row, condition, j, k);
        }
        else
        {
            _e.Vector(row.Host(0xC2), row.Bytes, d, j, Rm.Xmm(k), Predicate(condition));
        }
    }

    private void CompareScalar(in FpRow row, int condition, int j, int k)
    {
        Simd op = (Simd)(((condition & 1) != 0 ? (int)Simd.Comis : (int)Simd.Ucomis) | (row.IsDouble ? 0x1000 : 0));
        int kind = condition >> 1;

        // Less is asked for as greater with exchanged operands: of unordered ones, neither is.
        bool exchange = kind is 1 or 3;
        _e.Vector(op, 8, exchange ? k : j, Rm.Xmm(exchange ? j : k));
        switch (kind)
        {
            case 0: _e.MovImmediate(Reg.Rax, 0); break;
            case 1: _e.SetIf(Condition.Above, Reg.Rax); break;
            case 2: SetIfBoth(Condition.Equal, Condition.NotParity, Alu.And); break;
            case 3: _e.SetIf(Condition.AboveOrEqual, Reg.Rax); break;
            case 4: _e.SetIf(Condition.Parity, Reg.Rax); break;
            case 5: _e.SetIf(Condition.Below, Reg.Rax); break;
            case 6: _e.SetIf(Condition.Equal, Reg.Rax); break;
            case 7: _e.SetIf(Condition.BelowOrEqual, Reg.Rax); break;
            case 8: _e.SetIf(Condition.NotEqual, Reg.Rax); break;
            case 10: _e.SetIf(Condition.NotParity, Reg.Rax); break;
            default: SetIfBoth(Condition.NotEqual, Condition.Parity, Alu.Or); break;
        }
    }

    private void SetIfBoth(Condition first, Condition second, Alu operation)
    {
        _e.SetIf(first, Reg.Rax);
        _e.SetIf(second, Reg.Rcx);
        _e.Op(operation, Reg.Rax, Reg.Rcx, Width.W32);
    }

    /// <summary>The predicate of cmpps for a condition; bit 0 of the condition exchanges quiet and signaling.</summary>
    private static int Predicate(int condition)
    {
        int quiet = (condition >> 1) switch
        {
            0 => 0x0B, 1 => 0x11, 2 => 0x00, 3 => 0x12, 4 => 0x03, 5 => 0x19, 6 => 0x08, 7 => 0x1A, 8 =>
                0x0C, 10 => 0x07,
            _ => 0x04,
        };
        return quiet ^ ((condition & 1) << 4);
    }
}
