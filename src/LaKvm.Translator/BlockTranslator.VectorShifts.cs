using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>Shifts of vector elements (manual vol. 2). The host lacks those of bytes, and arithmetic ones of 64
/// bits.</content>
internal sealed unsafe partial class BlockTranslator
{
    private void ShiftElements(in VectorRow row, int d, int j, int k, int count)
    {
        switch (row.Kind)
        {
            case VectorKind.ShiftLeft: LeftBy(row.Size, d, j, count); break;
            case VectorKind.ShiftRight: RightBy(row.Size, d, j, count); break;
            case VectorKind.ShiftRightArithmetic: ArithmeticBy(row, d, j, count); break;
            case VectorKind.ShiftRightRounded
                or VectorKind.ShiftRightArithmeticRounded: RoundedBy(row, d, j, count); break;
            case VectorKind.Rotate:
                RightBy(row.Size, 0, j, count);
                LeftBy(row.Size, d, j, -count & (row.ElementBits - 1));
                Op(Simd.Por, d, d, 0);
                break;
            case VectorKind.RotateBy:
                Zero(0);
                Op(SubtractOf(row.Size), 0, 0, k);
                Op(Simd.Pand, 0, 0, CountMask(row));
                Op(row.Size == 3 ? Simd.Psllvq : Simd.Psllvd, 0, j, 0);
                Op(Simd.Pand, 1, k, CountMask(row));
                Op(row.Op, d, j, 1);
                Op(Simd.Por, d, d, 0);
                break;
            default: ByElement(row, d, j, k); break;
        }
    }

    private Rm CountMask(in VectorRow row) => Each(row.Size, (ulong)row.ElementBits - 1);

    /// <summary>Bytes are shifted as halves, and what came from their neighbours is cleared.</summary>
    private void LeftBy(int size, int d, int from, int count)
    {
        By(size switch { < 2 => Simd.PsllwBy, 2 => Simd.PslldBy, _ => Simd.PsllqBy }, d, from, count);
        if (size == 0)
        {
            Op(Simd.Pand, d, d, Each(0, 0xFFUL << count));
        }
    }

    private void RightBy(int size, int d, int from, int count)
    {
        By(size switch { < 2 => Simd.PsrlwBy, 2 => Simd.PsrldBy, _ => Simd.PsrlqBy }, d, from, count);
        if (size == 0)
        {
            Op(Simd.Pand, d, d, Each(0, 0xFFUL >> count));
        }
    }

    /// <summary>
    /// Where the host has none: the sign's place after a logical shift, inverted and subtracted, extends it.
    /// </summary>
    private void ArithmeticBy(in VectorRow row, int d, int from, int count)
    {
        if (row.Size is 1 or 2)
        {
            By(row.Size == 1 ? Simd.PsrawBy : Simd.PsradBy, d, from, count);
            return;
        }

        RightBy(row.Size, d, from, count);
        Rm sign = Each(row.Size, 1UL << (row.ElementBits - 1 - count));
        Op(Simd.Pxor, d, d, sign);
        Op(SubtractOf(row.Size), d, d, sign);
    }

    /// <summary>The last bit that was shifted out is added.</summary>
    private void RoundedBy(in VectorRow row, int d, int j, int count)
    {
        if (count == 0)
        {
            _e.CopyVector(_bytes, d, j);
            return;
        }

        if (row.Kind == VectorKind.ShiftRightRounded)
        {
            RightBy(row.Size, d, j, count);
        }
        else
        {
            ArithmeticBy(row, d, j, count);
        }

        RightBy(row.Size, 0, j, count - 1);
        Op(Simd.Pand, 0, 0, Each(row.Size, 1));
        Op(AddOf(row.Size), d, d, 0);
    }
}
