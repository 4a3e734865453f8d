
namespace LaKvm.Translator;

/// <summary>
/// Saturating vector arithmetic where the host has none (manual vol. 2): sums of words and doublewords, and vsat.
/// </summary>
internal sealed unsafe class VectorSaturation(EmitContext context, VectorOps ops)
{
    private readonly Emitter _e = context.Emitter;

    public void SaturatedSum(in VectorRow row, int d, int j, int k)
    {
        bool isSum = row.Kind == VectorKind.SaturatedSum;
        if (!row.Has(VectorOptions.Unsigned))
        {
            SignedSum(row, isSum, d, j, k);
        }
        else if (row.Size == 3)
        {
            // The sum is less than an operand, or the subtrahend is greater: it did not fit.
            ops.Op(row.Op, d, j, k);
            ops.Op(Simd.Pxor, 0, isSum ? d : j, ops.Each(3, 1UL << 63));
            ops.Op(Simd.Pxor, 1, isSum ? j : k, ops.Each(3, 1UL << 63));
            ops.Op(Simd.Pcmpgtq, 0, 1, 0);
            ops.Op(isSum ? Simd.Por : Simd.Pandn, d, 0, d);
        }
        else if (isSum)
        {
            ops.Invert(0, j, 0);
            ops.Op(Simd.Pminud, 0, 0, k);
            ops.Op(row.Op, d, j, 0);
        }
        else
        {
            ops.Op(Simd.Pmaxud, 0, j, k);
            ops.Op(row.Op, d, 0, k);
        }
    }

    /// <summary>What has the wrong sign did not fit; j says which bound it went beyond.</summary>
    private void SignedSum(in VectorRow row, bool isSum, int d, int j, int k)
    {
        ops.Op(row.Op, d, j, k);
        ops.Op(Simd.Pxor, 0, j, d);
        ops.Op(Simd.Pxor, 1, isSum ? d : j, k);
        ops.Op(Simd.Pand, 0, 0, 1);
        Signs(row.Size, 0, 0);
        Signs(row.Size, 1, j);
        ops.Op(Simd.Pxor, 1, 1, ops.Each(row.Size, (1UL << (row.ElementBits - 1)) - 1));
        _e.Blend(Simd.Pblendvb, ops.Width, d, d, Rm.Xmm(1), 0);
    }

    /// <summary>x = for each element of 32 or 64 bits the sign of y in all bits. xmm2 is scratch.</summary>
    private void Signs(int size, int x, int y)
    {
        if (size == 2)
        {
            ops.By(Simd.PsradBy, x, y, 31);
            return;
        }

        ops.Zero(2);
        ops.Op(Simd.Pcmpgtq, x, 2, y);
    }

    /// <summary>vsat: limits to a number of bits.</summary>
    public void SaturateElements(in VectorRow row, int d, int j, int bits)
    {
        bool isUnsigned = row.Has(VectorOptions.Unsigned);
        ulong greatest = ((isUnsigned ? 2UL : 1UL) << bits) - 1;
        if (row.Size == 3)
        {
            SaturateDoubles(isUnsigned, d, j, greatest);
            return;
        }

        ops.Op(row.Op, d, j, ops.Each(row.Size, greatest));
        if (!isUnsigned)
        {
            ops.Op(VectorOps.Extremum(row, isMaximum: true), d, d, ops.Each(row.Size, ~greatest));
        }
    }

    private void SaturateDoubles(bool isUnsigned, int d, int j, ulong greatest)
    {
        _e.LoadVector(ops.Width, 1, context.Constant(greatest));
        if (isUnsigned)
        {
            ops.Op(Simd.Pandn, 0, 1, j);
            ops.Op(Simd.Pcmpeqq, 0, 0, context.Constant(0));
            _e.Blend(Simd.Pblendvb, ops.Width, d, 1, Rm.Xmm(j), 0);
            return;
        }

        ops.Op(Simd.Pcmpgtq, 0, j, 1);
        _e.Blend(Simd.Pblendvb, ops.Width, d, j, Rm.Xmm(1), 0);
        ops.Invert(1, 1, 0);
        ops.Op(Simd.Pcmpgtq, 0, 1, d);
        _e.Blend(Simd.Pblendvb, ops.Width, d, d, Rm.Xmm(1), 0);
    }
}
