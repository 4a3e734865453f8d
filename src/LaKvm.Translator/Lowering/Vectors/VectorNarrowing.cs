using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Vector instructions whose results are half as wide as their operands (manual vol. 2).</summary>
internal sealed unsafe class VectorNarrowing(EmitContext context, VectorOps ops, VectorShifts shifts)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>Shifted and made half as wide: j and the old d, by the immediate, or j alone, by k's.</summary>
    public void Narrow(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        VectorRow shift = row with { Kind = ShiftOf(row) };
        if (IsImmediate(row))
        {
            shifts.ShiftElements(shift, 1, j, k, i.Imm);
            shifts.ShiftElements(shift, 2, old, k, i.Imm);
            Limit(row, 1, d);
            Limit(row, 2, d);
            Pack(row, d, 1, 2);
            return;
        }

        shifts.ShiftElements(shift, d, j, k, 0);
        Limit(row, d, 1);
        ops.Zero(0);
        Pack(row, d, d, 0);
    }

    /// <summary>Whether the amount is the immediate, and d's old elements are narrowed as well.</summary>
    private static bool IsImmediate(in VectorRow row) =>
        row.Kind is VectorKind.Narrow or VectorKind.NarrowSigned or VectorKind.NarrowUnsigned;

    private static VectorKind ShiftOf(in VectorRow row) =>
        (!IsImmediate(row), row.Has(VectorOptions.Rounded), row.Has(VectorOptions.Unsigned)) switch
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
            ops.Op(Simd.Pand, x, x, ops.Each(row.Size, greatest));
        }
        else if (row.Size < 3 && row.Has(VectorOptions.Unsigned))
        {
            ops.Op(VectorOps.Extremum(row, isMaximum: false), x, x, ops.Each(row.Size, greatest));
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
            ops.By(Simd.PsrlqBy, 0, x, isSigned ? 31 : 32);
            ops.Op(Simd.Pcmpeqq, 0, 0, context.Constant(0));
            ops.Op(Simd.Pand, x, x, 0);
            ops.Op(Simd.Pandn, 0, 0, context.Constant(greatest));
            ops.Op(Simd.Por, x, x, 0);
            return;
        }

        _e.VectorImmediate(Simd.Pshufd, ops.Width, 0, Rm.Xmm(x), oddTwice);
        if (isSigned)
        {
            ops.By(Simd.PsradBy, scratch, x, 31);
            ops.Op(Simd.Pcmpeqd, scratch, scratch, 0);
        }
        else
        {
            ops.Op(Simd.Pcmpeqd, scratch, 0, context.Constant(0));
        }

        ops.By(Simd.PsradBy, 0, 0, 31);
        ops.Op(Simd.Pxor, 0, 0, ops.Each(2, isSigned ? greatest : ~0UL));
        _e.Blend(Simd.Pblendvb, ops.Width, x, 0, Rm.Xmm(x), scratch);
    }

    /// <summary>
    /// d = the elements of <paramref name="low"/> in its lower half, those of <paramref name="high"/> in the upper.
    /// </summary>
    private void Pack(in VectorRow row, int d, int low, int high)
    {
        const int evenWords = 0x88;
        if (row.Size == 3)
        {
            _e.Vector(Simd.Shufps, ops.Width, d, low, Rm.Xmm(high), evenWords);
            return;
        }

        bool isSigned = row.Kind is VectorKind.NarrowSigned or VectorKind.NarrowBySigned
            && !row.Has(VectorOptions.Unsigned);
        ops.Op((row.Size, isSigned) switch
        {
            (1, true) => Simd.Packsswb,
            (1, false) => Simd.Packuswb,
            (_, true) => Simd.Packssdw,
            _ => Simd.Packusdw,
        }, d, low, high);
    }
}
