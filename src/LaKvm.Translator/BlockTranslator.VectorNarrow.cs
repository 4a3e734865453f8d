using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>Vector instructions whose results are half as wide as their operands, and those that count bits (manual
/// vol. 2).</content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>Shifted and made half as wide: j and the old d, by the immediate, or j alone, by k's.</summary>
    private void Narrow(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        VectorRow shift = row with { Kind = ShiftOf(row) };
        if (row.Kind >= VectorKind.Narrow)
        {
            ShiftElements(shift, 1, j, k, i.Imm);
            ShiftElements(shift, 2, old, k, i.Imm);
            Limit(row, 1, d);
            Limit(row, 2, d);
            Pack(row, d, 1, 2);
            return;
        }

        ShiftElements(shift, d, j, k, 0);
        Limit(row, d, 1);
        Zero(0);
        Pack(row, d, d, 0);
    }

    private static VectorKind ShiftOf(in VectorRow row) =>
        (row.Kind < VectorKind.Narrow, row.Has(VectorOptions.Rounded), row.Has(VectorOptions.Unsigned)) switch
        {
            (true, _, true) => VectorKind.ShiftRightBy,
            (true, _, false) => VectorKind.ShiftRightArithmeticBy,
            (_, true, true) => VectorKind.ShiftRightRounded,
            (_, true, false) => VectorKind.ShiftRightArithmeticRounded,
            (_, false, true) => VectorKind.ShiftRight,
            _ => VectorKind.ShiftRightArithmetic,
        };

    /// <summary>
    /// Makes <see cref="Pack"/> give the result: takes the lower half of each element, or limits it to what fits. xmm0
    /// is scratch.
    /// </summary>
    private void Limit(in VectorRow row, int x, int scratch)
    {
        bool isTruncated = row.Kind is VectorKind.Narrow or VectorKind.NarrowBy;
        bool isSigned = row.Kind is VectorKind.NarrowSigned or VectorKind.NarrowBySigned;
        ulong greatest = (1UL << ((row.ElementBits / 2) - (isSigned ? 1 : 0))) - 1;
        if (row.Size < 3 && isTruncated)
        {
            Op(Simd.Pand, x, x, Each(row.Size, greatest));
        }
        else if (row.Size < 3 && row.Has(VectorOptions.Unsigned))
        {
            Op(Extremum(row, isMaximum: false), x, x, Each(row.Size, greatest));
        }
        else if (row.Size == 3 && !isTruncated)
        {
            LimitWide(row, x, scratch, isSigned, greatest);
        }
    }

    /// <summary>The host packs words alone, so what is wider is compared with its own lower half.</summary>
    private void LimitWide(in VectorRow row, int x, int scratch, bool isSigned, ulong greatest)
    {
        const int oddTwice = 0xF5;
        if (row.Has(VectorOptions.Unsigned))
        {
            By(Simd.PsrlqBy, 0, x, isSigned ? 31 : 32);
            Op(Simd.Pcmpeqq, 0, 0, arena.Constant(0));
            Op(Simd.Pand, x, x, 0);
            Op(Simd.Pandn, 0, 0, arena.Constant(greatest));
            Op(Simd.Por, x, x, 0);
            return;
        }

        _e.VectorImmediate(Simd.Pshufd, _bytes, 0, Rm.Xmm(x), oddTwice);
        if (isSigned)
        {
            By(Simd.PsradBy, scratch, x, 31);
            Op(Simd.Pcmpeqd, scratch, scratch, 0);
        }
        else
        {
            Op(Simd.Pcmpeqd, scratch, 0, arena.Constant(0));
        }

        By(Simd.PsradBy, 0, 0, 31);
        Op(Simd.Pxor, 0, 0, Each(2, isSigned ? greatest : ~0UL));
        _e.Blend(Simd.Pblendvb, _bytes, x, 0, Rm.Xmm(x), scratch);
    }

    /// <summary>
    /// d = the elements of <paramref name="low"/> in its lower half, those of <paramref name="high"/> in the upper.
    /// </summary>
    private void Pack(in VectorRow row, int d, int low, int high)
    {
        const int evenWords = 0x88;
        if (row.Size == 3)
        {
            _e.Vector(Simd.Shufps, _bytes, d, low, Rm.Xmm(high), evenWords);
            return;
        }

        bool isSigned = row.Kind is VectorKind.NarrowSigned or VectorKind.NarrowBySigned
            && !row.Has(VectorOptions.Unsigned);
        Op((row.Size, isSigned) switch
        {
            (1, true) => Simd.Packsswb,
            (1, false) => Simd.Packuswb,
            (_, true) => Simd.Packssdw,
            _ => Simd.Packusdw,
        }, d, low, high);
    }

    /// <summary>Leading zeros are the ones of the inverse, once each one bit is followed by ones.</summary>
    private void CountBits(in VectorRow row, int d, int j)
    {
        _e.CopyVector(_bytes, d, j);
        if (row.Kind != VectorKind.CountOnes)
        {
            if (row.Kind == VectorKind.CountLeadingOnes)
            {
                Invert(d, d, 0);
            }

            for (int count = 1; count < row.ElementBits; count *= 2)
            {
                RightBy(row.Size, 0, d, count);
                Op(Simd.Por, d, d, 0);
            }

            Invert(d, d, 0);
        }

        CountOnes(row, d);
    }

    /// <summary>Sums of pairs, of fours, of bytes; then of what bytes an element has, in its lowest.</summary>
    private void CountOnes(in VectorRow row, int d)
    {
        By(Simd.PsrlwBy, 0, d, 1);
        Op(Simd.Pand, 0, 0, Each(0, 0x55));
        Op(Simd.Psubb, d, d, 0);
        By(Simd.PsrlwBy, 0, d, 2);
        Op(Simd.Pand, 0, 0, Each(0, 0x33));
        Op(Simd.Pand, d, d, Each(0, 0x33));
        Op(Simd.Paddb, d, d, 0);
        By(Simd.PsrlwBy, 0, d, 4);
        Op(Simd.Paddb, d, d, 0);
        Op(Simd.Pand, d, d, Each(0, 0x0F));
        for (int size = 1; size <= row.Size; size++)
        {
            RightBy(size, 0, d, 4 << size);
            Op(Simd.Paddb, d, d, 0);
        }

        if (row.Size > 0)
        {
            Op(Simd.Pand, d, d, Each(row.Size, 0xFF));
        }
    }
}
