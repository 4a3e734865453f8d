using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Single bits, masks and numbers of bits of vector elements (manual vol. 2).</summary>
internal sealed unsafe class VectorBits(EmitContext context, VectorOps ops, VectorSaturation saturation)
{
    private readonly Emitter _e = context.Emitter;

    public void Bits(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        switch (row.Kind)
        {
            case VectorKind.Saturate:
                saturation.SaturateElements(row, d, j, i.Imm);
                return;
            case VectorKind.BitSelect or VectorKind.BitSelectImmediate:
                ops.Op(Simd.Pand, 0, old, k);
                ops.Op(Simd.Pandn, d, old, j);
                ops.Op(Simd.Por, d, d, 0);
                return;
        }

        int bit = k;
        if (row.Size == 0 && !row.Has(VectorOptions.Immediate))
        {
            bit = 0;
            ops.PowersOfTwo(bit, k, VectorOps.Powers);
        }
        else if (!row.Has(VectorOptions.Immediate))
        {
            ops.Op(Simd.Pand, 0, k, ops.Each(row.Size, (ulong)row.ElementBits - 1));
            _e.LoadVector(ops.Width, 1, ops.Each(row.Size, 1));
            ops.Op(row.Op, 0, 1, 0);
            bit = 0;
        }

        ops.Op(row.Kind == VectorKind.BitClear ? Simd.Pandn : row.Kind == VectorKind.BitSet ? Simd.Por
            : Simd.Pxor, d, bit, j);
    }

    /// <summary>vfrstpi: how string functions find a difference.</summary>
    public void FirstNegative(in Instruction i, in VectorRow row, int d, int j, int old)
    {
        int elements = 16 >> row.Size, at = i.Imm & (elements - 1);
        if (row.Size == 1)
        {
            ops.Zero(0);
            ops.Op(Simd.Packsswb, 0, j, 0);
        }

        _e.Vector(Simd.Pmovmskb, ops.Width, (int)Reg.Rax, Rm.Xmm(row.Size == 1 ? 0 : j));
        if (ops.Width == 16)
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
    public void Mask(in VectorRow row, int d, int j)
    {
        int from = j;
        if (row.Kind == VectorKind.MaskNotNegative)
        {
            ops.Invert(0, j, 0);
            from = 0;
        }
        else if (row.Kind == VectorKind.MaskNotZero)
        {
            ops.Zero(0);
            ops.Op(Simd.Pcmpeqb, 0, 0, j);
            ops.Invert(0, 0, 1);
            from = 0;
        }
        else if (row.Size == 1)
        {
            ops.Zero(0);
            ops.Op(Simd.Packsswb, 0, j, 0);
            from = 0;
        }

        _e.Vector(row.Op, ops.Width, (int)Reg.Rax, Rm.Xmm(from));
        if (ops.Width == 16)
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

    /// <summary>Leading zeros are the ones of the inverse, once each one bit is followed by ones.</summary>
    public void CountBits(in VectorRow row, int d, int j)
    {
        _e.CopyVector(ops.Width, d, j);
        if (row.Kind != VectorKind.CountOnes)
        {
            if (row.Kind == VectorKind.CountLeadingOnes)
            {
                ops.Invert(d, d, 0);
            }

            for (int count = 1; count < row.ElementBits; count *= 2)
            {
                ops.RightBy(row.Size, 0, d, count);
                ops.Op(Simd.Por, d, d, 0);
            }

            ops.Invert(d, d, 0);
        }

        CountOnes(row, d);
    }

    /// <summary>Sums of pairs, of fours, of bytes; then of what bytes an element has, in its lowest.</summary>
    private void CountOnes(in VectorRow row, int d)
    {
        ops.By(Simd.PsrlwBy, 0, d, 1);
        ops.Op(Simd.Pand, 0, 0, ops.Each(0, 0x55));
        ops.Op(Simd.Psubb, d, d, 0);
        ops.By(Simd.PsrlwBy, 0, d, 2);
        ops.Op(Simd.Pand, 0, 0, ops.Each(0, 0x33));
        ops.Op(Simd.Pand, d, d, ops.Each(0, 0x33));
        ops.Op(Simd.Paddb, d, d, 0);
        ops.By(Simd.PsrlwBy, 0, d, 4);
        ops.Op(Simd.Paddb, d, d, 0);
        ops.Op(Simd.Pand, d, d, ops.Each(0, 0x0F));
        for (int size = 1; size <= row.Size; size++)
        {
            ops.RightBy(size, 0, d, 4 << size);
            ops.Op(Simd.Paddb, d, d, 0);
        }

        if (row.Size > 0)
        {
            ops.Op(Simd.Pand, d, d, ops.Each(row.Size, 0xFF));
        }
    }
}
