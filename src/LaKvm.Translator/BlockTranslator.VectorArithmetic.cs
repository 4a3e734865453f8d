using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>Averages, products, single bits and masks of vectors.</content>
internal sealed unsafe partial class BlockTranslator
{
    private const ulong LowBytes = 0x00FF_00FF_00FF_00FF, LowHalves = 0x0000_FFFF_0000_FFFF, LowWords = 0xFFFF_FFFF;

    /// <summary>
    /// Half the sum: of bytes and halves by the host's rounded average, of which half a one is taken again; signed ones
    /// as unsigned ones, shifted by half the range. Of larger ones, common bits and half of the differing ones.
    /// </summary>
    private void Average(in VectorRow row, int d, int j, int k)
    {
        bool isRounded = row.Kind == VectorKind.AverageRounded, isUnsigned = row.Has(VectorOptions.Unsigned);
        if (row.Size > 1)
        {
            Op(Simd.Pxor, 0, j, k);
            By(row.Size == 3 ? Simd.PsrlqBy : isUnsigned ? Simd.PsrldBy : Simd.PsradBy, 0, 0, 1);
            Op(isRounded ? Simd.Por : Simd.Pand, d, j, k);
            Op(row.Op, d, d, 0);
            return;
        }

        Rm half = Each(row.Size, 1UL << (row.ElementBits - 1));
        if (!isUnsigned)
        {
            Op(Simd.Pxor, 1, j, half);
            Op(Simd.Pxor, 2, k, half);
            (j, k) = (1, 2);
        }

        Op(row.Op, d, j, k);
        if (!isRounded)
        {
            Op(Simd.Pxor, 0, j, k);
            Op(Simd.Pand, 0, 0, Each(row.Size, 1));
            Op(Simd.Psubb + row.Size, d, d, 0);
        }

        if (!isUnsigned)
        {
            Op(Simd.Pxor, d, d, half);
        }
    }

    private void Multiply(in VectorRow row, int d, int j, int k, int old)
    {
        switch (row.Kind)
        {
            case VectorKind.Binary: Op(row.Op, d, j, k); break;
            case VectorKind.MultiplyBytes:
                Op(row.Op, 0, j, k);
                Op(Simd.Pand, 0, 0, arena.Constant(LowBytes));
                By(Simd.PsrlwBy, 1, j, 8);
                Op(Simd.Pand, 2, k, arena.Constant(~LowBytes));
                Op(row.Op, 1, 1, 2);
                Op(Simd.Por, d, 0, 1);
                break;
            case VectorKind.Multiply64:
                By(Simd.PsrlqBy, 0, j, 32);
                Op(row.Op, 0, 0, k);
                By(Simd.PsrlqBy, 1, k, 32);
                Op(row.Op, 1, 1, j);
                Op(Simd.Paddq, 0, 0, 1);
                By(Simd.PsllqBy, 0, 0, 32);
                Op(row.Op, d, j, k);
                Op(Simd.Paddq, d, d, 0);
                break;
            case VectorKind.MultiplyHigh32:
                By(Simd.PsrlqBy, 1, j, 32);
                By(Simd.PsrlqBy, 2, k, 32);
                Op(row.Op, 1, 1, 2);
                Op(row.Op, 0, j, k);
                By(Simd.PsrlqBy, 0, 0, 32);
                _e.Vector(Simd.Pblendd, _bytes, d, 0, Rm.Xmm(1), 0xAA);
                break;
            case VectorKind.MultiplyHighBytes:
                bool isUnsigned = row.Has(VectorOptions.Unsigned);
                Extend(row, d, j, isUnsigned, isOdd: false);
                Extend(row, 1, k, isUnsigned, isOdd: false);
                Op(row.Op, d, d, 1);
                By(Simd.PsrlwBy, d, d, 8);
                Extend(row, 0, j, isUnsigned, isOdd: true);
                Extend(row, 1, k, isUnsigned, isOdd: true);
                Op(row.Op, 0, 0, 1);
                Op(Simd.Pand, 0, 0, arena.Constant(~LowBytes));
                Op(Simd.Por, d, d, 0);
                break;
            default:
                Multiply(row with { Kind = ProductOf(row.Size) }, d, j, k, old);
                Op(row.Kind == VectorKind.MultiplyAdd ? AddOf(row.Size) : SubtractOf(row.Size), d, old, d);
                break;
        }
    }

    private static VectorKind ProductOf(int size) => size switch
    {
        0 => VectorKind.MultiplyBytes,
        3 => VectorKind.Multiply64,
        _ => VectorKind.Binary,
    };

    private static Simd AddOf(int size) => size == 3 ? Simd.Paddq : Simd.Paddb + size;

    private static Simd SubtractOf(int size) => Simd.Psubb + size;

    private void Bits(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        switch (row.Kind)
        {
            case VectorKind.Saturate:
                SaturateElements(row, d, j, i.Imm);
                return;
            case VectorKind.BitSelect or VectorKind.BitSelectImmediate:
                Op(Simd.Pand, 0, old, k);
                Op(Simd.Pandn, d, old, j);
                Op(Simd.Por, d, d, 0);
                return;
        }

        int bit = k;
        if (row.Size == 0 && !row.Has(VectorOptions.Immediate))
        {
            bit = 0;
            PowersOfTwo(bit, k, Powers);
        }
        else if (!row.Has(VectorOptions.Immediate))
        {
            Op(Simd.Pand, 0, k, Each(row.Size, (ulong)row.ElementBits - 1));
            _e.LoadVector(_bytes, 1, Each(row.Size, 1));
            Op(row.Op, 0, 1, 0);
            bit = 0;
        }

        Op(row.Kind == VectorKind.BitClear ? Simd.Pandn : row.Kind == VectorKind.BitSet ? Simd.Por
            : Simd.Pxor, d, bit, j);
    }

    /// <summary>vfrstpi: how string functions find a difference.</summary>
    private void FirstNegative(in Instruction i, in VectorRow row, int d, int j, int old)
    {
        int elements = 16 >> row.Size, at = i.Imm & (elements - 1);
        if (row.Size == 1)
        {
            Zero(0);
            Op(Simd.Packsswb, 0, j, 0);
        }

        _e.Vector(Simd.Pmovmskb, _bytes, (int)Reg.Rax, Rm.Xmm(row.Size == 1 ? 0 : j));
        if (_bytes == 16)
        {
            InsertFirst(row, Reg.Rax, d, old, elements, at);
            return;
        }

        _e.Mov(Reg.Rcx, Reg.Rax, Width.W32);
        _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 16, Width.W32);
        _e.VectorImmediate(Simd.Extracti128, 32, old, Rm.Xmm(1), 1);
        InsertFirst(row, Reg.Rcx, 1, 1, elements, at);
        InsertFirst(row, Reg.Rax, 0, old, elements, at);
        _e.Vector(Simd.Inserti128, 32, d, 0, Rm.Xmm(1), 1);
    }

    /// <summary>
    /// d = the old value with the number of the lowest bit of a mask; without one it is the number of elements.
    /// </summary>
    private void InsertFirst(in VectorRow row, Reg mask, int d, int old, int elements, int at)
    {
        _e.OpImmediate(Alu.Or, mask, 1 << elements, Width.W32);
        _e.TrailingZeros(mask, mask, Width.W32);
        _e.Vector(row.Op, 16, d, old, mask, at);
    }

    /// <summary>A bit for each element, in the lowest bits of the lane.</summary>
    private void Mask(in VectorRow row, int d, int j)
    {
        int from = j;
        if (row.Kind == VectorKind.MaskNotNegative)
        {
            Invert(0, j, 0);
            from = 0;
        }
        else if (row.Kind == VectorKind.MaskNotZero)
        {
            Zero(0);
            Op(Simd.Pcmpeqb, 0, 0, j);
            Invert(0, 0, 1);
            from = 0;
        }
        else if (row.Size == 1)
        {
            Zero(0);
            Op(Simd.Packsswb, 0, j, 0);
            from = 0;
        }

        _e.Vector(row.Op, _bytes, (int)Reg.Rax, Rm.Xmm(from));
        if (_bytes == 16)
        {
            _e.Vector(Simd.MovdLoad, 16, d, Reg.Rax);
            return;
        }

        int bits = row.Size < 2 ? 16 : 16 >> row.Size;
        _e.Mov(Reg.Rcx, Reg.Rax, Width.W32);
        _e.OpImmediate(Alu.And, Reg.Rcx, (1 << bits) - 1, Width.W32);
        _e.ShiftImmediate(Shift.Shr, Reg.Rax, bits, Width.W32);
        _e.Vector(Simd.MovdLoad, 16, d, Reg.Rcx);
        _e.Vector(Simd.MovdLoad, 16, 0, Reg.Rax);
        _e.Vector(Simd.Inserti128, 32, d, d, Rm.Xmm(0), 1);
    }
}
