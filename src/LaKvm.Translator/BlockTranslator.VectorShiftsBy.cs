using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>
/// Shifts of vector elements by amounts in another register (manual vol. 2). The host has those of 32 and 64 bits,
/// without the arithmetic one of 64.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>2 to the power of the index, and of 7 less the index.</summary>
    private const ulong Powers = 0x8040_2010_0804_0201, RestPowers = 0x0102_0408_1020_4080;

    private void ByElement(in VectorRow row, int d, int j, int k)
    {
        if (row.Size < 2)
        {
            SmallByElement(row, d, j, k);
            return;
        }

        Op(Simd.Pand, 0, k, CountMask(row));
        Op(row.Op, d, j, 0);
        if (row is { Kind: VectorKind.ShiftRightArithmeticBy, Size: 3 })
        {
            _e.LoadVector(_bytes, 1, arena.Constant(1UL << 63));
            Op(row.Op, 1, 1, 0);
            Op(Simd.Pxor, d, d, 1);
            Op(Simd.Psubq, d, d, 1);
        }

        if (row.Has(VectorOptions.Rounded))
        {
            // No bit is shifted out by 0: the amount less one is none that the host would shift by.
            Op(Simd.Pcmpeqd, 1, 1, 1);
            Op(AddOf(row.Size), 0, 0, 1);
            Op(row.Size == 2 ? Simd.Psrlvd : Simd.Psrlvq, 0, j, 0);
            Op(Simd.Pand, 0, 0, Each(row.Size, 1));
            Op(AddOf(row.Size), d, d, 0);
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
            PowersOfTwo(ImmediateVector, k, Powers);
            Multiply(row with { Kind = VectorKind.MultiplyBytes }, d, j, ImmediateVector, 0);
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
        Op(Simd.Pand, 0, k, CountMask(row));
        By(Simd.PsrldBy, 1, 0, 16);
        Op(Simd.Pand, 0, 0, arena.Constant(LowHalves));
        By(Simd.PslldBy, 2, j, 16);
        Op(row.Op, 0, isLeft ? j : 2, 0);
        if (isLeft || row.Has(VectorOptions.Rounded))
        {
            Op(Simd.Pand, 2, j, arena.Constant(~LowHalves));
            odd = 2;
        }

        Op(row.Op, 1, odd, 1);
        if (row.Has(VectorOptions.Rounded))
        {
            // What is shifted out is below.
            Op(Simd.Paddd, 0, 0, Each(2, 1 << 15));
            Op(Simd.Paddd, 1, 1, Each(2, 1 << 15));
        }

        if (!isLeft)
        {
            By(Simd.PsrldBy, 0, 0, 16);
        }

        _e.Vector(Simd.Pblendw, _bytes, d, 0, Rm.Xmm(1), 0xAA);
    }

    /// <summary>Bytes as halves, to the left by what an amount lacks to 7, and then all to the right by 7.</summary>
    private void BytesToTheRight(in VectorRow row, int d, int j, int k)
    {
        bool isArithmetic = row.Kind == VectorKind.ShiftRightArithmeticBy;
        PowersOfTwo(0, k, RestPowers);
        By(Simd.PsrlwBy, 2, 0, 8);
        Op(Simd.Pand, 0, 0, arena.Constant(LowBytes));
        By(Simd.PsllwBy, 1, j, 8);
        By(isArithmetic ? Simd.PsrawBy : Simd.PsrlwBy, 1, 1, 8);
        Op(Simd.Pmullw, 0, 0, 1);
        By(isArithmetic ? Simd.PsrawBy : Simd.PsrlwBy, 1, j, 8);
        Op(Simd.Pmullw, 1, 1, 2);
        if (row.Has(VectorOptions.Rounded))
        {
            Op(Simd.Paddw, 0, 0, Each(1, 1 << 6));
            Op(Simd.Paddw, 1, 1, Each(1, 1 << 6));
        }

        By(Simd.PsrlwBy, 0, 0, 7);
        Op(Simd.Pand, 0, 0, arena.Constant(LowBytes));
        By(Simd.PsllwBy, 1, 1, 1);
        Op(Simd.Pand, 1, 1, arena.Constant(~LowBytes));
        Op(Simd.Por, d, 0, 1);
    }

    /// <summary>x = for each byte the power of two that the amount in k names. xmm0 and xmm1 are scratch.</summary>
    private void PowersOfTwo(int x, int k, ulong powers)
    {
        Op(Simd.Pand, 0, k, Each(0, 7));
        _e.LoadVector(_bytes, 1, arena.Constant(powers));
        Op(Simd.Pshufb, x, 1, 0);
    }
}
