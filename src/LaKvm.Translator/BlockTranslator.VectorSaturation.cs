namespace LaKvm.Translator;

/// <content>Saturating vector arithmetic where the host has none (manual vol. 2): sums of words and doublewords, and
/// vsat.</content>
internal sealed unsafe partial class BlockTranslator
{
    private void SaturatedSum(in VectorRow row, int d, int j, int k)
    {
        bool isSum = row.Kind == VectorKind.SaturatedSum;
        if (!row.Has(VectorOptions.Unsigned))
        {
            SignedSum(row, isSum, d, j, k);
        }
        else if (row.Size == 3)
        {
            // The sum is less than an operand, or the subtrahend is greater: it did not fit.
            Op(row.Op, d, j, k);
            Op(Simd.Pxor, 0, isSum ? d : j, Each(3, 1UL << 63));
            Op(Simd.Pxor, 1, isSum ? j : k, Each(3, 1UL << 63));
            Op(Simd.Pcmpgtq, 0, 1, 0);
            Op(isSum ? Simd.Por : Simd.Pandn, d, 0, d);
        }
        else if (isSum)
        {
            Invert(0, j, 0);
            Op(Simd.Pminud, 0, 0, k);
            Op(row.Op, d, j, 0);
        }
        else
        {
            Op(Simd.Pmaxud, 0, j, k);
            Op(row.Op, d, 0, k);
        }
    }

    /// <summary>What has the wrong sign did not fit; j says which bound it went beyond.</summary>
    private void SignedSum(in VectorRow row, bool isSum, int d, int j, int k)
    {
        Op(row.Op, d, j, k);
        Op(Simd.Pxor, 0, j, d);
        Op(Simd.Pxor, 1, isSum ? d : j, k);
        Op(Simd.Pand, 0, 0, 1);
        Signs(row.Size, 0, 0);
        Signs(row.Size, 1, j);
        Op(Simd.Pxor, 1, 1, Each(row.Size, (1UL << (row.ElementBits - 1)) - 1));
        _e.Blend(Simd.Pblendvb, _bytes, d, d, Rm.Xmm(1), 0);
    }

    /// <summary>x = for each element of 32 or 64 bits the sign of y in all bits. xmm2 is scratch.</summary>
    private void Signs(int size, int x, int y)
    {
        if (size == 2)
        {
            By(Simd.PsradBy, x, y, 31);
            return;
        }

        Zero(2);
        Op(Simd.Pcmpgtq, x, 2, y);
    }

    /// <summary>vsat: limits to a number of bits.</summary>
    private void SaturateElements(in VectorRow row, int d, int j, int bits)
    {
        bool isUnsigned = row.Has(VectorOptions.Unsigned);
        ulong greatest = ((isUnsigned ? 2UL : 1UL) << bits) - 1;
        if (row.Size == 3)
        {
            SaturateDoubles(isUnsigned, d, j, greatest);
            return;
        }

        Op(row.Op, d, j, Each(row.Size, greatest));
        if (!isUnsigned)
        {
            Op(Extremum(row, isMaximum: true), d, d, Each(row.Size, ~greatest));
        }
    }

    private void SaturateDoubles(bool isUnsigned, int d, int j, ulong greatest)
    {
        _e.LoadVector(_bytes, 1, arena.Constant(greatest));
        if (isUnsigned)
        {
            Op(Simd.Pandn, 0, 1, j);
            Op(Simd.Pcmpeqq, 0, 0, arena.Constant(0));
            _e.Blend(Simd.Pblendvb, _bytes, d, 1, Rm.Xmm(j), 0);
            return;
        }

        Op(Simd.Pcmpgtq, 0, j, 1);
        _e.Blend(Simd.Pblendvb, _bytes, d, j, Rm.Xmm(1), 0);
        Invert(1, 1, 0);
        Op(Simd.Pcmpgtq, 0, 1, d);
        _e.Blend(Simd.Pblendvb, _bytes, d, d, Rm.Xmm(1), 0);
    }
}
