namespace LaKvm.Translator;

/// <summary>Vector operations that the host has, comparisons, extremes and averages (manual vol. 2).</summary>
internal sealed unsafe class VectorOrder(EmitContext context, VectorOps ops)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>x, with the order of signed numbers where that of unsigned ones is meant.</summary>
    private int Ordered(in VectorRow row, int x, int scratch)
    {
        if (row.Kind is VectorKind.Maximum64 or VectorKind.Minimum64 && !row.Has(VectorOptions.Unsigned))
        {
            return x;
        }

        ops.Op(Simd.Pxor, scratch, x, ops.Each(row.Size, 1UL << (row.ElementBits - 1)));
        return scratch;
    }

    public void Simple(in VectorRow row, int d, int j, int k)
    {
        switch (row.Kind)
        {
            case VectorKind.Binary: ops.Op(row.Op, d, j, k); break;
            case VectorKind.Reversed: ops.Op(row.Op, d, k, j); break;
            case VectorKind.BinaryNot:
                ops.Op(row.Op, d, j, k);
                ops.Invert(d, d, 0);
                break;
            case VectorKind.OrNot:
                ops.Invert(0, k, 0);
                ops.Op(Simd.Por, d, j, 0);
                break;
            case VectorKind.Negate:
                ops.Zero(0);
                ops.Op(row.Op, d, 0, j);
                break;
            case VectorKind.AddAbsolute:
                _e.Vector(Simd.Pabsb + row.Size, ops.Width, 0, Rm.Xmm(j));
                _e.Vector(Simd.Pabsb + row.Size, ops.Width, 1, Rm.Xmm(k));
                ops.Op(row.Op, d, 0, 1);
                break;
            case VectorKind.AbsoluteDifference:
                ops.Op(VectorOps.Extremum(row, isMaximum: true), 0, j, k);
                ops.Op(VectorOps.Extremum(row, isMaximum: false), 1, j, k);
                ops.Op(row.Op, d, 0, 1);
                break;
            default: Order(row, d, j, k); break;
        }
    }

    private void Order(in VectorRow row, int d, int j, int k)
    {
        if (row.Size == 3)
        {
            int x = Ordered(row, j, 0), y = Ordered(row, k, 1);
            switch (row.Kind)
            {
                case VectorKind.LessUnsigned:
                    ops.Op(row.Op, d, y, x);
                    break;
                case VectorKind.LessEqualUnsigned:
                    ops.Op(row.Op, d, x, y);
                    ops.Invert(d, d, 0);
                    break;
                default:
                    bool isMaximum = row.Kind == VectorKind.Maximum64;
                    ops.Op(row.Op, 2, x, y);
                    _e.Blend(Simd.Pblendvb, ops.Width, d, isMaximum ? k : j, Rm.Xmm(isMaximum ? j : k), 2);
                    break;
            }

            return;
        }

        ops.Op(row.Op, 0, j, k);
        bool isLess = row.Kind == VectorKind.LessUnsigned;
        ops.Op(Simd.Pcmpeqb + row.Size, d, 0, isLess ? j : k);
        if (isLess)
        {
            ops.Invert(d, d, 0);
        }
    }

    /// <summary>
    /// Half the sum: of bytes and halves by the host's rounded average, of which half a one is taken again; signed ones
    /// as unsigned ones, shifted by half the range. Of larger ones, common bits and half of the differing ones.
    /// </summary>
    public void Average(in VectorRow row, int d, int j, int k)
    {
        bool isRounded = row.Kind == VectorKind.AverageRounded, isUnsigned = row.Has(VectorOptions.Unsigned);
        if (row.Size > 1)
        {
            ops.Op(Simd.Pxor, 0, j, k);
            ops.By(row.Size == 3 ? Simd.PsrlqBy : isUnsigned ? Simd.PsrldBy : Simd.PsradBy, 0, 0, 1);
            ops.Op(isRounded ? Simd.Por : Simd.Pand, d, j, k);
            ops.Op(row.Op, d, d, 0);
            return;
        }

        Rm half = ops.Each(row.Size, 1UL << (row.ElementBits - 1));
        if (!isUnsigned)
        {
            ops.Op(Simd.Pxor, 1, j, half);
            ops.Op(Simd.Pxor, 2, k, half);
            (j, k) = (1, 2);
        }

        ops.Op(row.Op, d, j, k);
        if (!isRounded)
        {
            ops.Op(Simd.Pxor, 0, j, k);
            ops.Op(Simd.Pand, 0, 0, ops.Each(row.Size, 1));
            ops.Op(Simd.Psubb + row.Size, d, d, 0);
        }

        if (!isUnsigned)
        {
            ops.Op(Simd.Pxor, d, d, half);
        }
    }
}
