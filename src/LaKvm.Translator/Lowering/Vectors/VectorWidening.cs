using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Vector instructions whose results are twice as wide as their operands (manual vol. 2).</summary>
internal sealed unsafe class VectorWidening(EmitContext context, VectorOps ops)
{
    private readonly Emitter _e = context.Emitter;

    public void Widen(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        if (row.Kind == VectorKind.WidenQuad)
        {
            WidenQuads(row, d, j, k);
            return;
        }

        if (row.Kind != VectorKind.Widen)
        {
            ExtendHalf(row, d, j, i.Imm);
            return;
        }

        bool isOddJ = row.Has(VectorOptions.OddJ), isOddK = row.Has(VectorOptions.OddK);
        if (row.Op is Simd.Pmuldq or Simd.Pmuludq)
        {
            // The host extends by itself.
            ops.Op(row.Op, d, Moved(0, j, isOddJ), Moved(1, k, isOddK));
        }
        else
        {
            Extend(row, 0, j, row.Has(VectorOptions.Unsigned) || row.Has(VectorOptions.Mixed), isOddJ);
            Extend(row, 1, k, row.Has(VectorOptions.Unsigned), isOddK);
            ops.Op(row.Op, d, 0, 1);
        }

        if (row.Has(VectorOptions.Accumulate))
        {
            ops.Op(VectorOps.AddOf(row.Size + 1), d, old, d);
        }
    }

    private void WidenQuads(in VectorRow row, int d, int j, int k)
    {
        if (row.Bytes == 32)
        {
            _e.VectorImmediate(Simd.Extracti128, 32, j, Rm.Xmm(0), 1);
            _e.VectorImmediate(Simd.Extracti128, 32, k, Rm.Xmm(1), 1);
            WidenQuad(row, 2, 0, 1);
        }

        WidenQuad(row, d, j, k);
        if (row.Bytes == 32)
        {
            _e.Vector(Simd.Inserti128, 32, d, d, Rm.Xmm(2), 1);
        }
    }

    /// <summary>One lane, in rdx and rax; what a signed number has above it is 0 or -1.</summary>
    private void WidenQuad(in VectorRow row, int d, int j, int k)
    {
        bool isUnsigned = row.Has(VectorOptions.Unsigned), isSum = row.Op == Simd.Paddq;
        ElementTo(Reg.Rax, j, row.Has(VectorOptions.OddJ));
        ElementTo(Reg.Rcx, k, row.Has(VectorOptions.OddK));
        if (isUnsigned || row.Has(VectorOptions.Mixed))
        {
            _e.Op(Alu.Xor, Reg.Rdx, Reg.Rdx, Width.W32);
        }
        else
        {
            _e.Mov(Reg.Rdx, Reg.Rax);
            _e.ShiftImmediate(Shift.Sar, Reg.Rdx, 63);
        }

        _e.Op(isSum ? Alu.Add : Alu.Sub, Reg.Rax, Reg.Rcx);
        _e.OpImmediate(isSum ? Alu.Adc : Alu.Sbb, Reg.Rdx, 0);
        if (!isUnsigned)
        {
            _e.ShiftImmediate(Shift.Sar, Reg.Rcx, 63);
            _e.Op(isSum ? Alu.Add : Alu.Sub, Reg.Rdx, Reg.Rcx);
        }

        _e.Vector(Simd.MovqLoad, 8, d, Reg.Rax);
        _e.Vector(Simd.Pinsrq, 16, d, d, Reg.Rdx, 1);
    }

    private void ElementTo(Reg to, int from, bool isOdd)
    {
        if (isOdd)
        {
            _e.VectorImmediate(Simd.Pextrq, 16, from, to, 1);
        }
        else
        {
            _e.Vector(Simd.MovqStore, 8, from, to);
        }
    }

    /// <summary>Words whose lower halves are those to multiply.</summary>
    private int Moved(int scratch, int from, bool isOdd)
    {
        if (!isOdd)
        {
            return from;
        }

        ops.By(Simd.PsrlqBy, scratch, from, 32);
        return scratch;
    }

    /// <summary>d = even or odd elements, extended; xmm2 is scratch.</summary>
    public void Extend(in VectorRow row, int d, int from, bool isUnsigned, bool isOdd)
    {
        if (row.Size == 2)
        {
            ExtendWords(d, from, isUnsigned, isOdd);
            return;
        }

        int bits = row.ElementBits;
        if (isUnsigned)
        {
            ops.Lower(row.Size, d, from, isOdd);
        }
        else if (isOdd)
        {
            ops.By(row.Size == 0 ? Simd.PsrawBy : Simd.PsradBy, d, from, bits);
        }
        else
        {
            ops.By(row.Size == 0 ? Simd.PsllwBy : Simd.PslldBy, d, from, bits);
            ops.By(row.Size == 0 ? Simd.PsrawBy : Simd.PsradBy, d, d, bits);
        }
    }

    private void ExtendWords(int d, int from, bool isUnsigned, bool isOdd)
    {
        const int evenTwice = 0xA0, oddTwice = 0xF5;
        if (isUnsigned && isOdd)
        {
            ops.By(Simd.PsrlqBy, d, from, 32);
        }
        else if (isUnsigned)
        {
            ops.Op(Simd.Pand, d, from, context.Constant(VectorOps.LowWords));
        }
        else
        {
            ops.By(Simd.PsradBy, 2, from, 31);
            if (isOdd)
            {
                _e.VectorImmediate(Simd.Pshufd, ops.Width, d, Rm.Xmm(from), oddTwice);
                _e.Vector(Simd.Pblendd, ops.Width, d, d, Rm.Xmm(2), VectorOps.OddPlaces);
            }
            else
            {
                _e.VectorImmediate(Simd.Pshufd, ops.Width, 2, Rm.Xmm(2), evenTwice);
                _e.Vector(Simd.Pblendd, ops.Width, d, from, Rm.Xmm(2), VectorOps.OddPlaces);
            }
        }
    }

    /// <summary>vsllwil and vexth: elements interleaved with their signs, or with zeros.</summary>
    private void ExtendHalf(in VectorRow row, int d, int j, int count)
    {
        ops.Zero(0);
        if (!row.Has(VectorOptions.Unsigned))
        {
            ops.Op(Simd.Pcmpgtb + row.Size, 0, 0, j);
        }

        ops.Op(row.Op, d, j, 0);
        if (row.Kind == VectorKind.ExtendLow && count != 0)
        {
            ops.LeftBy(row.Size + 1, d, d, count);
        }
    }
}
