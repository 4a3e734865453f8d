namespace LaKvm.Translator;

/// <summary>
/// Shifts of vector elements (manual vol. 2), by immediates and by amounts in another register. The host lacks those of
/// bytes and of halves by elements, and arithmetic ones of 64 bits.
/// </summary>
internal sealed unsafe class VectorShifts(EmitContext context, VectorOps ops, VectorProducts products)
{
    private readonly Emitter _e = context.Emitter;

    public void ShiftElements(in VectorRow row, int d, int j, int k, int count)
    {
        switch (row.Kind)
        {
            case VectorKind.ShiftLeft: ops.LeftBy(row.Size, d, j, count); break;
            case VectorKind.ShiftRight: ops.RightBy(row.Size, d, j, count); break;
            case VectorKind.ShiftRightArithmetic: ArithmeticBy(row, d, j, count); break;
            case VectorKind.ShiftRightRounded
                or VectorKind.ShiftRightArithmeticRounded: RoundedBy(row, d, j, count); break;
            case VectorKind.Rotate:
                ops.RightBy(row.Size, 0, j, count);
                ops.LeftBy(row.Size, d, j, -count & (row.ElementBits - 1));
                ops.Op(Simd.Por, d, d, 0);
                break;
            case VectorKind.RotateBy:
                ops.Zero(0);
                ops.Op(VectorOps.SubtractOf(row.Size), 0, 0, k);
                ops.Op(Simd.Pand, 0, 0, ops.CountMask(row));
                ops.Op(row.Size == 3 ? Simd.Psllvq : Simd.Psllvd, 0, j, 0);
                ops.Op(Simd.Pand, 1, k, ops.CountMask(row));
                ops.Op(row.Op, d, j, 1);
                ops.Op(Simd.Por, d, d, 0);
                break;
            default: ByElement(row, d, j, k); break;
        }
    }

    /// <summary>
    /// Where the host has none: the sign's place after a logical shift, inverted and subtracted, extends it.
    /// </summary>
    private void ArithmeticBy(in VectorRow row, int d, int from, int count)
    {
        if (row.Size is 1 or 2)
        {
            ops.By(row.Size == 1 ? Simd.PsrawBy : Simd.PsradBy, d, from, count);
            return;
        }

        ops.RightBy(row.Size, d, from, count);
        Rm sign = ops.Each(row.Size, 1UL << (row.ElementBits - 1 - count));
        ops.Op(Simd.Pxor, d, d, sign);
        ops.Op(VectorOps.SubtractOf(row.Size), d, d, sign);
    }

    /// <summary>The last bit that was shifted out is added.</summary>
    private void RoundedBy(in VectorRow row, int d, int j, int count)
    {
        if (count == 0)
        {
            _e.CopyVector(ops.Width, d, j);
            return;
        }

        if (row.Kind == VectorKind.ShiftRightRounded)
        {
            ops.RightBy(row.Size, d, j, count);
        }
        else
        {
            ArithmeticBy(row, d, j, count);
        }

        ops.RightBy(row.Size, 0, j, count - 1);
        ops.Op(Simd.Pand, 0, 0, ops.Each(row.Size, 1));
        ops.Op(VectorOps.AddOf(row.Size), d, d, 0);
    }

    private void ByElement(in VectorRow row, int d, int j, int k)
    {
        if (row.Size < 2)
        {
            SmallByElement(row, d, j, k);
            return;
        }

        ops.Op(Simd.Pand, 0, k, ops.CountMask(row));
        ops.Op(row.Op, d, j, 0);
        if (row is { Kind: VectorKind.ShiftRightArithmeticBy, Size: 3 })
        {
            _e.LoadVector(ops.Width, 1, context.Constant(1UL << 63));
            ops.Op(row.Op, 1, 1, 0);
            ops.Op(Simd.Pxor, d, d, 1);
            ops.Op(Simd.Psubq, d, d, 1);
        }

        if (row.Has(VectorOptions.Rounded))
        {
            // No bit is shifted out by 0: the amount less one is none that the host would shift by.
            ops.Op(Simd.Pcmpeqd, 1, 1, 1);
            ops.Op(VectorOps.AddOf(row.Size), 0, 0, 1);
            ops.Op(row.Size == 2 ? Simd.Psrlvd : Simd.Psrlvq, 0, j, 0);
            ops.Op(Simd.Pand, 0, 0, ops.Each(row.Size, 1));
            ops.Op(VectorOps.AddOf(row.Size), d, d, 0);
        }
    }

    private void SmallByElement(in VectorRow row, int d, int j, int k)
    {
        bool isLeft = row.Kind == VectorKind.ShiftLeftBy;
        if (row.Size == 1)
        {
            HalvesByElement(row, d, j, k);
        }
        else if (isLeft)
        {
            ops.PowersOfTwo(VectorOps.ImmediateVector, k, VectorOps.Powers);
            products.Multiply(row with { Kind = VectorKind.MultiplyBytes }, d, j, VectorOps.ImmediateVector, 0);
        }
        else
        {
            BytesToTheRight(row, d, j, k);
        }
    }

    /// <summary>
    /// The two halves of each word by themselves, in the word's upper half; the amounts below, in the lower.
    /// </summary>
    private void HalvesByElement(in VectorRow row, int d, int j, int k)
    {
        bool isLeft = row.Kind == VectorKind.ShiftLeftBy;
        int odd = j;
        ops.Op(Simd.Pand, 0, k, ops.CountMask(row));
        ops.By(Simd.PsrldBy, 1, 0, 16);
        ops.Op(Simd.Pand, 0, 0, context.Constant(VectorOps.LowHalves));
        ops.By(Simd.PslldBy, 2, j, 16);
        ops.Op(row.Op, 0, isLeft ? j : 2, 0);
        if (isLeft || row.Has(VectorOptions.Rounded))
        {
            ops.Op(Simd.Pand, 2, j, context.Constant(~VectorOps.LowHalves));
            odd = 2;
        }

        ops.Op(row.Op, 1, odd, 1);
        if (row.Has(VectorOptions.Rounded))
        {
            // What is shifted out is below.
            ops.Op(Simd.Paddd, 0, 0, ops.Each(2, 1 << 15));
            ops.Op(Simd.Paddd, 1, 1, ops.Each(2, 1 << 15));
        }

        if (!isLeft)
        {
            ops.By(Simd.PsrldBy, 0, 0, 16);
        }

        _e.Vector(Simd.Pblendw, ops.Width, d, 0, Rm.Xmm(1), 0xAA);
    }

    /// <summary>Bytes as halves, to the left by what an amount lacks to 7, and then all to the right by 7.</summary>
    private void BytesToTheRight(in VectorRow row, int d, int j, int k)
    {
        bool isArithmetic = row.Kind == VectorKind.ShiftRightArithmeticBy;
        ops.PowersOfTwo(0, k, VectorOps.RestPowers);
        ops.By(Simd.PsrlwBy, 2, 0, 8);
        ops.Op(Simd.Pand, 0, 0, context.Constant(VectorOps.LowBytes));
        ops.By(Simd.PsllwBy, 1, j, 8);
        ops.By(isArithmetic ? Simd.PsrawBy : Simd.PsrlwBy, 1, 1, 8);
        ops.Op(Simd.Pmullw, 0, 0, 1);
        ops.By(isArithmetic ? Simd.PsrawBy : Simd.PsrlwBy, 1, j, 8);
        ops.Op(Simd.Pmullw, 1, 1, 2);
        if (row.Has(VectorOptions.Rounded))
        {
            ops.Op(Simd.Paddw, 0, 0, ops.Each(1, 1 << 6));
            ops.Op(Simd.Paddw, 1, 1, ops.Each(1, 1 << 6));
        }

        ops.By(Simd.PsrlwBy, 0, 0, 7);
        ops.Op(Simd.Pand, 0, 0, context.Constant(VectorOps.LowBytes));
        ops.By(Simd.PsllwBy, 1, 1, 1);
        ops.Op(Simd.Pand, 1, 1, context.Constant(~VectorOps.LowBytes));
        ops.Op(Simd.Por, d, 0, 1);
    }
}
