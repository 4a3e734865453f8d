using LaKvm.Isa;
using static LaKvm.Translator.FpRow;

namespace LaKvm.Translator;

/// <content>Conversions of vectors of floating-point numbers (manual vol. 2).</content>
internal sealed unsafe partial class BlockTranslator
{
    private void ConvertVector(in FpRow row, int d, int j, int k)
    {
        switch (row.Kind)
        {
            case FpKind.FromInt32:
                _e.Vector(Simd.Cvtdq2ps, row.Bytes, d, Rm.Xmm(j));
                break;
            case FpKind.WidenInt32:
                _e.Vector(Simd.Cvtdq2pd, row.Bytes, d, Rm.Xmm(HalfOfLanes(row, j)));
                break;
            case FpKind.WidenSingle:
                _e.Vector(Simd.Cvtps2pd, row.Bytes, d, Rm.Xmm(HalfOfLanes(row, j)));
                break;
            case FpKind.NarrowDouble:
                _e.Vector(Simd.Cvtpd2ps, row.Bytes, 0, Rm.Xmm(k));
                _e.Vector(Simd.Cvtpd2ps, row.Bytes, 1, Rm.Xmm(j));
                _e.Vector(Simd.Punpcklqdq, 16, d, 0, Rm.Xmm(1));
                if (row.Bytes == 32)
                {
                    _e.Vector(Simd.Punpckhqdq, 16, 0, 0, Rm.Xmm(1));
                    _e.Vector(Simd.Inserti128, 32, d, d, Rm.Xmm(0), 1);
                }

                break;
            case FpKind.ToInt32:
                ToIntegers(row, d, j);
                RaiseInexactOfElements(row, j);
                break;
        }
    }

    /// <summary>A register with the half of each lane that is converted, one behind the other.</summary>
    private int HalfOfLanes(in FpRow row, int j)
    {
        const int lowerHalves = 0x08, upperHalves = 0x0D;
        if (row.Bytes == 32)
        {
            _e.VectorImmediate(Simd.Permq, 32, 0, Rm.Xmm(j), row.Mode == 0 ? lowerHalves : upperHalves);
        }
        else if (row.Mode == 0)
        {
            return j;
        }
        else
        {
            _e.ShiftVector(Simd.PsrldqBy, 16, 0, j, 8);
        }

        return 0;
    }

    /// <summary>As for scalars: a rounding mode of its own first makes j integral, quietly.</summary>
    private void ToIntegers(in FpRow row, int d, int j)
    {
        int from = j;
        if (row.Mode is not (Current or ToZero))
        {
            _e.VectorImmediate(Simd.Roundps, row.Bytes, 0, Rm.Xmm(j), row.Mode | Quietly);
            from = 0;
        }

        _e.Vector(row.Mode == Current ? Simd.Cvtps2dq : Simd.Cvttps2dq, row.Bytes, d, Rm.Xmm(from));
    }

    private void RaiseInexactOfElements(in FpRow row, int j)
    {
        if (row.Mode is not (Current or ToZero))
        {
            _e.VectorImmediate(Simd.Roundps, row.Bytes, 0, Rm.Xmm(j), row.Mode);
        }
    }

    /// <summary>If some element is the integer that the host answers what is out of range with, the interpreter does it.</summary>
    private void ToIntegerElements(in Instruction i, in FpRow row)
    {
        int j = _vectors.Read(i.J, row.Bytes), d = _vectors.Fresh();
        ToIntegers(row, d, j);
        _e.Vector(Simd.Pcmpeqd, row.Bytes, 0, d, arena.Constant(SignsSingle));
        _e.Vector(Simd.Ptest, row.Bytes, 0, Rm.Xmm(0));
        InterpretIf(Condition.NotEqual);
        RaiseInexactOfElements(row, j);
        NoteLast(i, row, j, -1, -1);
        _vectors.Commit(i.D, d, row.Bytes);
    }
}
