using static LaKvm.Translator.FpRow;

namespace LaKvm.Translator;

/// <summary>Conversions of vectors of floating-point numbers (manual vol. 2).</summary>
internal sealed unsafe class FpConversions(EmitContext context)
{
    private readonly Emitter _e = context.Emitter;

    public void ConvertVector(in FpRow row, int d, int j, int k)
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
                NarrowBoth(row, Simd.Cvtpd2ps, d, j, k);
                break;
            case FpKind.FromInt64:
                FromWideIntegers(row, d, j);
                break;
            case FpKind.ToInt32 or FpKind.ToInt64 or FpKind.NarrowToInt32:
                ToIntegers(row, d, j, k);
                RaiseInexactOfElements(row, j, k);
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

    /// <summary>Makes k's elements half as wide, and j's above them, in each lane.</summary>
    private void NarrowBoth(in FpRow row, Simd op, int d, int j, int k)
    {
        _e.Vector(op, row.Bytes, 0, Rm.Xmm(k));
        _e.Vector(op, row.Bytes, 1, Rm.Xmm(j));
        _e.Vector(Simd.Punpcklqdq, 16, d, 0, Rm.Xmm(1));
        if (row.Bytes == 32)
        {
            _e.Vector(Simd.Punpckhqdq, 16, 0, 0, Rm.Xmm(1));
            _e.Vector(Simd.Inserti128, 32, d, d, Rm.Xmm(0), 1);
        }
    }

    /// <summary>The host has conversions of 64-bit integers for scalars only.</summary>
    private void FromWideIntegers(in FpRow row, int d, int j)
    {
        PairFromIntegers(d, j);
        if (row.Bytes == 32)
        {
            _e.VectorImmediate(Simd.Extracti128, 32, j, Rm.Xmm(2), 1);
            PairFromIntegers(2, 2);
            _e.Vector(Simd.Inserti128, 32, d, d, Rm.Xmm(2), 1);
        }
    }

    private void PairFromIntegers(int d, int j)
    {
        _e.Vector(Simd.MovqStore, 8, j, Reg.Rax);
        _e.FromInteger(isDouble: true, 0, 0, Reg.Rax, Width.W64);
        _e.VectorImmediate(Simd.Pextrq, 16, j, Reg.Rax, 1);
        _e.FromInteger(isDouble: true, 1, 1, Reg.Rax, Width.W64);
        _e.Vector(Simd.Punpcklqdq, 16, d, 0, Rm.Xmm(1));
    }

    private void ToWideIntegers(in FpRow row, int d, int j)
    {
        if (row.Bytes == 32)
        {
            _e.VectorImmediate(Simd.Extracti128, 32, j, Rm.Xmm(2), 1);
            PairToIntegers(row, 2, 2);
        }

        PairToIntegers(row, d, j);
        if (row.Bytes == 32)
        {
            _e.Vector(Simd.Inserti128, 32, d, d, Rm.Xmm(2), 1);
        }
    }

    private void PairToIntegers(in FpRow row, int d, int j)
    {
        bool truncates = row.Mode != Current;
        _e.Vector(Simd.Punpckhqdq, 16, 1, j, Rm.Xmm(j));
        _e.ToInteger(isDouble: true, truncates, Reg.Rax, Rm.Xmm(j), Width.W64);
        _e.Vector(Simd.MovqLoad, 8, d, Reg.Rax);
        _e.ToInteger(isDouble: true, truncates, Reg.Rax, Rm.Xmm(1), Width.W64);
        _e.Vector(Simd.Pinsrq, 16, d, d, Reg.Rax, 1);
    }

    /// <summary>As for scalars: a rounding mode of its own first makes the operands integral, quietly.</summary>
    public void ToIntegers(in FpRow row, int d, int j, int k)
    {
        if (row.Mode is not (Current or ToZero))
        {
            int rounded = row.Operands - 1;
            RoundElements(row, rounded, j, row.Mode | Quietly);
            if (row.Operands > 1)
            {
                RoundElements(row, 0, k, row.Mode | Quietly);
            }

            (j, k) = (rounded, 0);
        }

        bool isCurrent = row.Mode == Current;
        switch (row.Kind)
        {
            case FpKind.ToInt64: ToWideIntegers(row, d, j); break;
            case FpKind.NarrowToInt32: NarrowBoth(row, isCurrent ? Simd.Cvtpd2dq : Simd.Cvttpd2dq, d, j, k); break;
            default: _e.Vector(isCurrent ? Simd.Cvtps2dq : Simd.Cvttps2dq, row.Bytes, d, Rm.Xmm(j)); break;
        }
    }

    private void RoundElements(in FpRow row, int d, int j, int mode) =>
        _e.VectorImmediate(row.IsDouble ? Simd.Roundpd : Simd.Roundps, row.Bytes, d, Rm.Xmm(j), mode);

    public void RaiseInexactOfElements(in FpRow row, int j, int k)
    {
        if (row.Mode is Current or ToZero)
        {
            return;
        }

        RoundElements(row, 0, j, row.Mode);
        if (row.Operands > 1)
        {
            RoundElements(row, 0, k, row.Mode);
        }
    }
}
